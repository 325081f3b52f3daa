"""A run's answers to a split of its own data, with progress; what was answered is never lost.

``answer(run, split, ...)`` asks the run's model. If anything stops it, an interrupt among them, the
answers so far are kept in ``predictions.partial.jsonl``, which can be scored like any other file.
``questions(run, split)`` are the same rows without a model, to lay another's answers beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from paper_repro.errors import UserError
from paper_repro.evaluation.predictions import DRAWN, Prediction, unanswered, write_predictions
from paper_repro.training.record import Record, read_record

if TYPE_CHECKING:
    from paper_repro.data.problems import DataReport, Rows
    from paper_repro.data.source import Splits

PREDICTIONS, PARTIAL = "predictions.jsonl", "predictions.partial.jsonl"


class Watcher(Protocol):
    """Told how far the answers are."""

    def stage(self, what: str) -> None:
        """Something without a count goes on."""

    def advance(self, done: int, total: int) -> None:
        """So many rows are answered."""


@dataclass(frozen=True)
class Answers:
    """What a run answered, by which model, and rows that could not be asked.

    Attributes:
        left_out: number of rows of the split that cannot be read, by kind of problem.
        other_rows: whether the data set is another than the one that the run's record describes.
    """

    predictions: tuple[Prediction, ...]
    model: dict[str, Any]
    left_out: dict[str, int]
    other_rows: bool


def answer(
    run: Path,
    split: str,
    folder: Path,
    watcher: Watcher,
    device: str | None = None,
    batch_size: int | None = None,
    limit: int | None = None,
    bare: bool = False,
) -> Answers:
    """Ask a run's model about every row of a split and write ``predictions.jsonl``.

    Args:
        folder: where answers are written; made if need be.
        limit: only the first so many rows.
        bare: ask the base without what the run trained on it.

    Raises:
        UserError: record, data, base or adapter cannot be had or used, or no row can be read.
    """
    watcher.stage("importing")
    from paper_repro.data.problems import check
    from paper_repro.evaluation.generate import BATCH, generate
    from paper_repro.evaluation.loading import load
    from paper_repro.evaluation.runs import of_run, splits_of_run

    wanted, record = of_run(run), read_record(run)
    watcher.stage("reading the rows")
    splits = splits_of_run(run)
    report = check(splits)
    rows = _rows(run, splits, report, split)
    watcher.stage("loading the model")
    loaded = load(replace(wanted, adapter=None) if bare else wanted, device)
    watcher.stage("answering")
    total = len(rows) if limit is None else min(limit, len(rows))
    asked = generate(loaded.model, loaded.processor, islice(rows, total), batch_size or BATCH)
    frames = DRAWN if is_drawn(record) else ""
    made = _kept((replace(one, frames=frames) for one in asked), total, folder, watcher)
    other = record.data.get("fingerprint") not in (None, report.fingerprint)
    return Answers(made, loaded.to_json(), report.left_out[split], other)


def questions(run: Path, split: str) -> dict[int, Prediction]:
    """The rows of a split that :func:`answer` asks about, by number; none is answered yet.

    Raises:
        UserError: the record or the data cannot be had, or no row can be read.
    """
    from paper_repro.data.problems import check
    from paper_repro.evaluation.runs import splits_of_run

    splits, frames = splits_of_run(run), DRAWN if is_drawn(read_record(run)) else ""
    return {
        row.number: replace(unanswered(row), frames=frames)
        for row in _rows(run, splits, check(splits), split)
    }


def _rows(run: Path, splits: Splits, report: DataReport, split: str) -> Rows:
    from paper_repro.data.problems import usable_rows

    splits[split]  # names the splits there are, where this is none
    rows = usable_rows(splits, report, split)
    if not len(rows):
        raise _no_rows(run, split, report.left_out[split])
    return rows


def _kept(
    asked: Iterable[Prediction], total: int, folder: Path, watcher: Watcher
) -> tuple[Prediction, ...]:
    """All answers, written; those that were given before something stopped the rest, too."""
    made: list[Prediction] = []
    try:
        for one in asked:
            made.append(one)
            watcher.advance(len(made), total)
        write_predictions(made, folder / PREDICTIONS)
    except BaseException:
        if made:
            write_predictions(made, folder / PARTIAL)
        raise
    (folder / PARTIAL).unlink(missing_ok=True)
    return tuple(made)


def is_drawn(record: Record) -> bool:
    """Whether a run's frames are the package's drawings: where it names no data of its own."""
    return record.settings.get("size") == "mini" and not record.settings.get("data")


def leak(record: Record, split: str) -> str:
    """One line on what a run's splits share, or nothing where they share nothing or it is unsaid.

    Reads ``data.leaks`` of the record, as :mod:`paper_repro.data.problems` writes it.
    """
    found = record.data.get("leaks") or {}
    shared = [
        f"{found[what]:,} {what if found[what] != 1 else what[:-1]}"
        for what in ("frames", "videos")
        if found.get(what)
    ]
    if not shared:
        return ""
    rows = {
        "a shared frame": (found.get("rows_with_shared_frames") or {}).get(split),
        "a shared video": (found.get("rows_of_shared_videos") or {}).get(split),
    }
    counts = " and ".join(f"{count:,} with {what}" for what, count in rows.items() if count)
    of = f" ({counts} in {split})" if counts else ""
    return (
        f"Leak: {' and '.join(shared)} stand in more than one split{of}, so scores on held-out "
        "rows are in part scores on what was trained on."
    )


def _no_rows(run: Path, split: str, left_out: dict[str, int]) -> UserError:
    kinds = ", ".join(f"{kind}: {count:,}" for kind, count in left_out.items())
    return UserError(
        f"No row of {split} can be read, so there is nothing to ask the model of {run}.",
        expected="rows in the paper's format",
        got=kinds or "no row",
        next_command=f"python -m paper_repro evaluate {run} --split train",
    )
