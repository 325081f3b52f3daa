"""What a model answered to each row, in memory and as JSON lines.

``read_predictions(path)`` reads a file from anywhere: one JSON object a line, in which ``answer``
(the truth) and ``prediction`` are demanded. Every bad line is named, and nothing is left out
silently. ``write_predictions`` writes the same form. No model and no torch is needed here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from paper_repro.data.refusals import NO_LABEL, RowError
from paper_repro.data.rows import check_points
from paper_repro.errors import UserError

DRAWN = "drawn"
"""What ``frames`` says of frames that were drawn by the package."""
_SHOWN = 6
_NEXT = "mend the file; its form: docs/evaluating.md"


@dataclass(frozen=True)
class Prediction:
    """One row's answer.

    Attributes:
        row: its number in its split, counted from 0.
        video: the video that it comes from, where the row names it.
        answer: the row's own.
        prediction: the model's.
        frames: ``drawn`` if the frames were drawn by the package; else empty.
    """

    row: int
    split: str
    task: str
    video: str | None
    question: str
    answer: str
    prediction: str
    frames: str = ""


class _BadLine(Exception):
    pass


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """Every prediction of a file of JSON lines, in order; empty lines are passed over.

    Raises:
        UserError: it cannot be read, holds no line, or a line is bad; bad lines are named.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise _refusal(path, "a file of JSON lines in UTF-8", got) from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise _refusal(path, "one JSON object a line", "no line")
    read: list[Prediction] = []
    bad: list[str] = []
    seen: dict[tuple[str, int], int] = {}
    for number, line in numbered:
        try:
            read.append(_read(line, number, seen))
        except _BadLine as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = f" … and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        count = f"{len(bad):,} of {len(numbered):,} lines cannot be used"
        expected = "a JSON object with the texts answer and prediction on each line"
        raise _refusal(path, expected, f"{count}: {'; '.join(bad[:_SHOWN])}{more}")
    return tuple(read)


def _read(line: str, number: int, seen: dict[tuple[str, int], int]) -> Prediction:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"not JSON, {error}") from None
    if not isinstance(raw, dict):
        raise _BadLine(f"expected a JSON object, got {_kind(raw)}")
    row = _field(raw, "row", int, number - 1)
    split = _field(raw, "split", str, "")
    if raw.get("row") is not None:
        if row < 0:
            raise _BadLine(f"expected row: counted from 0, got {row}")
        if before := seen.get((split, row)):
            raise _BadLine(f"row {row} was answered in line {before} too")
        seen[split, row] = number
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


def write_predictions(predictions: Iterable[Prediction], path: Path) -> None:
    """Write them as JSON lines, whole or not at all."""
    place(path, "".join(_lines(predictions)).encode())


def _lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    for one in predictions:
        said = {name: value for name, value in asdict(one).items() if value not in ("", None)}
        said |= {"answer": one.answer, "prediction": one.prediction}
        yield json.dumps(said, ensure_ascii=False) + "\n"


def place(path: Path, content: bytes) -> None:
    """Write a file into a neighbour first, then move it into place; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise


def _refusal(path: Path, expected: str, got: str) -> UserError:
    return UserError(
        f"The predictions in {path} cannot be scored.",
        expected=expected,
        got=got,
        next_command=_NEXT,
    )
