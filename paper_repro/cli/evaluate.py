"""``evaluate``: a run's answers, or a file of answers, scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paper_repro.errors import UserError
    from paper_repro.evaluation.predictions import Prediction
    from paper_repro.evaluation.results import Evaluation
    from paper_repro.evaluation.wording import About


def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A run's folder, as train writes it."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Which split. Default: validation; of --predictions, every line."),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="Score these answers (JSON lines) instead of asking a model."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for answers, figures and reports. Default: DIR/evaluation/SPLIT; for "
            "--predictions, a folder beside the file."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda. Default: cuda where there is a card.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Rows asked together. Default: 32.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many rows, as a trial.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
) -> None:
    """Score a model's answers: each metric with its n, its 95 % interval, chance, and the best that
    noise in the data's own points allows.

    DIR's model is asked about every row of the split; with --predictions, no model is needed.
    The paper's own figures, 80.3 % ± 2.4 and +124 %, are judged by: verify --only
    L2.reported.accuracy (and .interval, .gain).
    """
    from paper_repro.cli.tables import print_json, working

    _check(run, predictions, out, device, batch_size)
    if predictions is not None:
        scored, about, folder = _from_file(run, predictions, split, out, limit)
    else:
        assert run is not None
        scored, about, folder = _asked(run, split, out, device, batch_size, limit)
    with working("scoring"):
        from paper_repro.evaluation.metrics import evaluate as evaluate_all
        from paper_repro.evaluation.report import save, to_json

        evaluation = evaluate_all(scored, seed, _drawn(run))
        files = save(evaluation, about, folder)
    if json:
        print_json(to_json(evaluation, about))
    else:
        _show(evaluation, about, files)


def _check(
    run: Path | None,
    predictions: Path | None,
    out: Path | None,
    device: str | None,
    batch_size: int | None,
) -> None:
    """Stop before anything is loaded, where it is clear that it would be in vain."""
    if run is None and predictions is None:
        wanted = "a run's folder, or --predictions FILE"
        raise _refusal("There is nothing to evaluate.", wanted, "neither")
    if predictions is not None and (device or batch_size):
        option = "--device" if device else "--batch-size"
        raise _refusal(
            "Answers from a file need no model.", "--predictions without options of a model", option
        )
    if out is not None and out.exists() and not out.is_dir():
        raise _refusal(f"Nothing can be written into {out}.", "a folder", "a file")


def _refusal(problem: str, expected: str, got: str) -> UserError:
    from paper_repro.errors import UserError

    return UserError(
        problem, expected=expected, got=got, next_command="python -m paper_repro evaluate --help"
    )


def _from_file(
    run: Path | None, path: Path, split: str | None, out: Path | None, limit: int | None
) -> tuple[tuple[Prediction, ...], About, Path]:
    from paper_repro.evaluation.predictions import of_split, read_predictions
    from paper_repro.evaluation.wording import About, counted

    read = read_predictions(path)
    kept = read if split is None else of_split(path, read, split)
    scored = kept[:limit]
    splits = sorted({one.split for one in scored})
    remarks = []
    if len(scored) < len(read):
        remarks.append(f"Scored: {counted(len(scored), 'line')} of {len(read):,} in {path}.")
    if len(splits) > 1:
        named = ", ".join(one or "(none named)" for one in splits)
        remarks.append(f"The lines are of several splits, scored together: {named}.")
    one_split = splits[0] if len(splits) == 1 else ""
    remarks += _remarks(run, one_split)
    folder = out or path.parent / f"{path.stem}-evaluation"
    return scored, About(str(path), one_split, None, tuple(remarks)), folder


def _asked(
    run: Path,
    split: str | None,
    out: Path | None,
    device: str | None,
    batch_size: int | None,
    limit: int | None,
) -> tuple[tuple[Prediction, ...], About, Path]:
    from paper_repro.cli.progress import AnswerProgress
    from paper_repro.evaluation.asking import PARTIAL, answer
    from paper_repro.evaluation.wording import About, counted
    from paper_repro.training.record import read_record

    read_record(run)
    split = split or "validation"
    folder = out or run / "evaluation" / split
    with AnswerProgress(folder / PARTIAL) as progress:
        found = answer(run, split, folder, progress, device, batch_size, limit)
    remarks = []
    if limit is not None:
        remarks.append(f"A trial: the first {counted(len(found.predictions), 'row')} only.")
    if found.left_out:
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in found.left_out.items())
        left = counted(sum(found.left_out.values()), "row")
        remarks.append(f"Left out, because they cannot be read: {left} of {split} ({kinds}).")
    remarks += _remarks(run, split)
    return found.predictions, About(str(run), split, found.model, tuple(remarks)), folder


def _remarks(run: Path | None, split: str) -> list[str]:
    """What a run's record says that a reader of its scores must know."""
    if run is None:
        return []
    from paper_repro.evaluation.asking import leak
    from paper_repro.training.record import read_record

    remarks = ["These rows were trained on."] if split == "train" else []
    line = leak(read_record(run), split)
    return [*remarks, line] if line else remarks


def _drawn(run: Path | None) -> bool:
    from paper_repro.evaluation.asking import is_drawn
    from paper_repro.training.record import read_record

    return run is not None and is_drawn(read_record(run))


def _show(evaluation: Evaluation, about: About, files: list[Path]) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.evaluation.wording import HEADINGS, cells, notes, title

    say(title(evaluation, about) + "\n", "bold")
    first, *others = HEADINGS
    table = plain_table(first, *(f">{heading}" for heading in others))
    for row in cells(evaluation):
        table.add_row(*row)
    print_table(table)
    for note in notes(evaluation, about):
        say(f"{note}\n")
    say(f"Written: {files[0]}, with evaluation.json and the figures beside it.")
