"""Predictions from a file of JSON lines, whatever made it.

``read_predictions(path)`` reads one that stands for itself: ``answer`` (the truth) and
``prediction`` are demanded on each line. ``read_answers(path, rows, split)`` reads one that answers
known rows: then ``row`` and ``prediction`` are. Every bad line is named by its number, and nothing
is left out silently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from paper_repro.data.refusals import NO_LABEL, RowError
from paper_repro.data.rows import check_points
from paper_repro.errors import UserError
from paper_repro.evaluation.predictions import Prediction

_SHOWN = 6
_NEXT = "python -m paper_repro evaluate --help"


class _BadLine(Exception):
    pass


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """Every prediction of a file of JSON lines, in order; empty lines are passed over.

    Raises:
        UserError: it cannot be read, holds no line, or a line is bad; bad lines are named.
    """
    seen: dict[tuple[str, int], int] = {}
    return _each(path, "the texts answer and prediction", lambda raw, at: _whole(raw, at, seen))


def read_answers(
    path: Path, rows: Mapping[int, Prediction], split: str, limit: int | None = None
) -> tuple[Prediction, ...]:
    """The answers of a file of JSON lines to these rows, in the order of the rows.

    Lines that name another split are passed over; those that name none are of ``split``.

    Args:
        rows: by number, none answered yet.
        limit: only the first so many rows; others need no line.

    Raises:
        UserError: as :func:`read_predictions`; or a line answers no such row, or one with another
            truth, or a row has no line.
    """
    seen: dict[tuple[str, int], int] = {}
    read = _each(
        path,
        "row, counted from 0, and the text prediction",
        lambda raw, at: _answered(raw, at, seen, rows, split),
    )
    answers = {one.row: one for one in read}
    wanted = list(rows)[:limit]
    if missing := [row for row in wanted if row not in answers]:
        shown = ", ".join(str(row) for row in missing[:_SHOWN])
        more = ", …" if len(missing) > _SHOWN else ""
        got = f"none for {len(missing):,} of {len(wanted):,} rows: {shown}{more}"
        raise _refusal(path, f"a line for every row of {split}", got)
    return tuple(answers[row] for row in wanted)


def gaps(read: Sequence[Prediction]) -> tuple[str, ...]:
    """One line on the numbers, up to the last row's, that a file has no line for; or none."""
    lacking = 0
    for split in {one.split for one in read}:
        rows = {one.row for one in read if one.split == split}
        lacking += max(rows) + 1 - len(rows)
    return (f"Not in the file, by the rows' numbers, and not scored: {lacking:,}.",) * bool(lacking)


def _each(
    path: Path, demanded: str, read: Callable[[dict[str, Any], int], Prediction | None]
) -> tuple[Prediction, ...]:
    """What ``read`` makes of each line's object and number, or every bad line in one error."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise _refusal(path, "a file of JSON lines in UTF-8", got) from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise _refusal(path, "one JSON object a line", "no line")
    made: list[Prediction] = []
    bad: list[str] = []
    for number, line in numbered:
        try:
            if (one := read(_object(line), number)) is not None:
                made.append(one)
        except _BadLine as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = f" … and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        count = f"{len(bad):,} of {len(numbered):,} lines cannot be used"
        expected = f"a JSON object with {demanded} on each line"
        raise _refusal(path, expected, f"{count}: {'; '.join(bad[:_SHOWN])}{more}")
    return tuple(made)


def _object(line: str) -> dict[str, Any]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"not JSON, {error}") from None
    if not isinstance(raw, dict):
        raise _BadLine(f"expected a JSON object, got {_kind(raw)}")
    return raw


def _whole(raw: dict[str, Any], number: int, seen: dict[tuple[str, int], int]) -> Prediction:
    """A line that says all there is."""
    row = _field(raw, "row", int, number - 1)
    split = _field(raw, "split", str, "")
    if raw.get("row") is not None:
        _once(row, split, number, seen)
    answer = _field(raw, "answer", str)
    if not answer.strip():
        raise _BadLine("expected answer: the truth, got an empty text")
    _check_truth(answer)
    video = raw.get("video")
    if isinstance(video, int) and not isinstance(video, bool):
        video = str(video)
    return Prediction(
        row=row,
        split=split,
        task=_field(raw, "task", str, ""),
        video=_field({"video": video}, "video", str, "") or None,
        question=_field(raw, "question", str, ""),
        answer=answer,
        prediction=_field(raw, "prediction", str),
        frames=_field(raw, "frames", str, ""),
    )


def _answered(
    raw: dict[str, Any],
    number: int,
    seen: dict[tuple[str, int], int],
    rows: Mapping[int, Prediction],
    split: str,
) -> Prediction | None:
    """A line that answers a known row; None for one of another split."""
    if _field(raw, "split", str, split) not in (split, ""):
        return None
    row = _field(raw, "row", int)
    _once(row, split, number, seen)
    if row not in rows:
        raise _BadLine(f"there is no row {row} to answer in {split}")
    truth = _field(raw, "answer", str, rows[row].answer)
    if truth.strip() != rows[row].answer.strip():
        raise _BadLine(f"the truth of row {row} is {rows[row].answer!r}, got {truth!r}")
    return replace(rows[row], prediction=_field(raw, "prediction", str))


def _once(row: int, split: str, number: int, seen: dict[tuple[str, int], int]) -> None:
    if row < 0:
        raise _BadLine(f"expected row: counted from 0, got {row}")
    if before := seen.get((split, row)):
        raise _BadLine(f"row {row} was answered in line {before} too")
    seen[split, row] = number


def _field(raw: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    value = raw.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = "a text" if kind is str else "a whole number"
        got = _kind(value) if name in raw else "no such field"
        raise _BadLine(f"expected {name}: {wanted}, got {got}")
    return value


def _check_truth(answer: str) -> None:
    try:
        check_points(answer)
    except RowError as error:
        if error.kind != NO_LABEL:
            raise _BadLine(f"expected points that can be read, got {error.kind}: {error}") from None


def _kind(value: Any) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"the number {value}"
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return names.get(type(value), "null")


def of_split(path: Path, read: Sequence[Prediction], split: str) -> tuple[Prediction, ...]:
    """The predictions of one split.

    Raises:
        UserError: the file has none; it says which splits it has.
    """
    kept = tuple(one for one in read if one.split == split)
    if not kept:
        there = sorted({one.split or "(none named)" for one in read})
        raise _refusal(path, f"lines of the split {split!r}", f"splits: {', '.join(there)}")
    return kept


def _refusal(path: Path, expected: str, got: str) -> UserError:
    return UserError(
        f"The predictions in {path} cannot be scored.",
        expected=expected,
        got=got,
        next_command=_NEXT,
    )
