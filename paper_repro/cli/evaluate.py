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

SPLIT = "validation"


def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A run's folder, as train writes it."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which split. Default: validation; of --predictions without DIR, every line.",
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Score these answers instead of asking a model: JSON lines with answer (the "
            "truth) and prediction, or, beside DIR, with row and prediction.",
        ),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Ask DIR's base alone: what it answered before.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where answers, figures and reports go. Default: DIR/evaluation/SPLIT (with "
            "--bare, SPLIT-bare); for --predictions, a folder beside the file.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="cpu or cuda. Default: cuda where there is a card."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Rows asked together. Default: 32.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Only the first so many rows, as a trial."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the bootstrap.")] = 0,
) -> None:
    """Score a model's answers: each metric with its n, its 95 % interval, chance, and the best that
    noise in the data's own points allows.

    DIR's model is asked about every row of the split; with --predictions, no model is needed.
    The paper's own figures, 80.3 % ± 2.4 and +124 %, are judged by: verify --only
    L2.reported.accuracy (and .interval, .gain). Exit status: 0 scored, 2 could not, 130
    interrupted.
    """
    from paper_repro.cli.tables import print_json, working

    _check(run, predictions, out, device, batch_size, bare)
    if predictions is None:
        assert run is not None
        scored, about, folder = _asked(run, split, out, device, batch_size, limit, bare)
    elif run is None:
        scored, about, folder = _from_file(predictions, split, out, limit)
    else:
        scored, about, folder = _beside(run, predictions, split or SPLIT, out, limit)
    with working("scoring"):
        from paper_repro.evaluation.metrics import evaluate as evaluate_all
        from paper_repro.evaluation.report import save, to_json

        evaluation = evaluate_all(scored, seed)
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
    bare: bool,
) -> None:
    """Stop before anything is loaded, where it is clear that it would be in vain."""
    if run is None and predictions is None:
        wanted = "a run's folder, or --predictions FILE"
        raise _refusal("There is nothing to evaluate.", wanted, "neither")
    asked = {"--device": device, "--batch-size": batch_size, "--bare": bare}
    option = next((name for name, given in asked.items() if given), None)
    if predictions is not None and option:
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
    path: Path, split: str | None, out: Path | None, limit: int | None
) -> tuple[tuple[Prediction, ...], About, Path]:
    """A file that stands for itself."""
    from paper_repro.evaluation.reading import gaps, of_split, read_predictions
    from paper_repro.evaluation.wording import About, counted

    read = read_predictions(path)
    kept = read if split is None else of_split(path, read, split)
    scored = kept[:limit]
    splits = sorted({one.split for one in scored})
    remarks = [*gaps(read)]
    if len(scored) < len(read):
        remarks.append(f"Scored: {counted(len(scored), 'line')} of {len(read):,} in {path}.")
    if len(splits) > 1:
        named = ", ".join(one or "(none named)" for one in splits)
        remarks.append(f"The lines are of several splits, scored together: {named}.")
    one_split = splits[0] if len(splits) == 1 else ""
    return scored, About(str(path), one_split, None, tuple(remarks)), _folder(path, out)


def _beside(
    run: Path, path: Path, split: str, out: Path | None, limit: int | None
) -> tuple[tuple[Prediction, ...], About, Path]:
    """A file that answers the rows of a run's data."""
    from paper_repro.cli.tables import working
    from paper_repro.evaluation.asking import questions
    from paper_repro.evaluation.reading import read_answers
    from paper_repro.evaluation.wording import About

    with working("reading the rows"):
        asked = questions(run, split)
    scored = read_answers(path, asked, split, limit)
    remarks = (*_trial(limit, len(scored)), *_remarks(run, split))
    return scored, About(str(path), split, None, remarks), _folder(path, out)


def _folder(path: Path, out: Path | None) -> Path:
    return out or path.parent / f"{path.stem}-evaluation"


def _asked(
    run: Path,
    split: str | None,
    out: Path | None,
    device: str | None,
    batch_size: int | None,
    limit: int | None,
    bare: bool,
) -> tuple[tuple[Prediction, ...], About, Path]:
    """What a run's model answers."""
    from paper_repro.cli.progress import DrawnAnswers
    from paper_repro.evaluation.asking import PARTIAL, answer
    from paper_repro.evaluation.wording import About, counted
    from paper_repro.training.record import read_record

    read_record(run)
    split = split or SPLIT
    folder = out or run / "evaluation" / (f"{split}-bare" if bare else split)
    with DrawnAnswers(folder / PARTIAL) as progress:
        found = answer(run, split, folder, progress, device, batch_size, limit, bare)
    remarks = [*_trial(limit, len(found.predictions))]
    if found.left_out:
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in found.left_out.items())
        left = counted(sum(found.left_out.values()), "row")
        remarks.append(f"Left out, because they cannot be read: {left} of {split} ({kinds}).")
    if found.other_rows:
        remarks.append(
            "These are not the rows that the run's record describes: their fingerprint differs."
        )
    remarks += [] if bare else _remarks(run, split)
    of = f"{run}, its base alone" if bare else str(run)
    return found.predictions, About(of, split, found.model, tuple(remarks)), folder


def _trial(limit: int | None, rows: int) -> tuple[str, ...]:
    from paper_repro.evaluation.wording import counted

    return () if limit is None else (f"A trial: the first {counted(rows, 'row')} only.",)


def _remarks(run: Path, split: str) -> list[str]:
    """What a run's record says that a reader of its scores must know."""
    from paper_repro.evaluation.asking import leak
    from paper_repro.training.record import read_record

    remarks = ["These rows were trained on."] if split == "train" else []
    line = leak(read_record(run), split)
    return [*remarks, line] if line else remarks


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
    named = ", ".join(file.name for file in files[1:] if file.suffix != ".svg")
    say(f"Written: {files[0]}, and beside it {named}.")
