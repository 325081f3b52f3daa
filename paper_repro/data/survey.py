"""One pass over all rows: what each holds, what is wrong with it, and digests to compare it by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from paper_repro.data.frames import (
    IMAGE_COLUMNS,
    Raw,
    Shown,
    check_number,
    decoded,
    encoded,
    pixels_digest,
    stored_frames,
)
from paper_repro.data.labels import CLASSES, named_in
from paper_repro.data.points import Point
from paper_repro.data.refusals import RowError
from paper_repro.data.rows import (
    Words,
    check_points,
    messages_of,
    metadata_of,
    read_words,
    task_of,
    video_of,
    without_empty,
)

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""

OTHER_PLACE = "metadata names another place"
OTHER_LABEL = "metadata names another label"
UNKNOWN_CLASS = "answer names no known class"
REMARKS = (OTHER_PLACE, OTHER_LABEL, UNKNOWN_CLASS)
"""The kinds of problem with which a row is trained on all the same."""


@dataclass(frozen=True)
class Seen:
    """What one row holds.

    Attributes:
        content: SHA-256 of all it says and shows, whatever kind of file it was stored in.
        question: SHA-256 of the question and the pictures it is about; None where unreadable.
        frames: SHA-256 of the size and RGB pixels of each of its pictures, or of what is stored
            where they cannot be decoded.
        sizes: width and height of each that can be decoded, in pixels.
        task, video: as in :class:`~paper_repro.data.rows.Row`; the task is None where unreadable.
        refused: kind and words of why it cannot be trained on, or None.
        remarks: kind and words of what else is odd about it.
    """

    content: str
    question: str | None
    frames: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    task: str | None
    video: str | None
    refused: tuple[str, str] | None
    remarks: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What is known of each picture of a row that can be trained on."""
        return tuple(map(Shown, self.frames, self.sizes))


def survey(
    splits: Mapping[str, Sequence[Raw]], progress: Progress | None = None
) -> dict[str, tuple[Seen, ...]]:
    """See every row of every split once; each different picture is decoded and let go again."""
    total = sum(map(len, splits.values()))
    known: dict[str, Shown] = {}
    seen: dict[str, tuple[Seen, ...]] = {}
    done = 0
    for split, raws in splits.items():
        found = []
        for number in range(len(raws)):
            found.append(see(raws[number], known))
            done += 1
            if progress is not None:
                progress(done, total)
        seen[split] = tuple(found)
    return seen


def see(raw: Raw, known: dict[str, Shown] | None = None) -> Seen:
    """Look at one row; a row that cannot be read is seen too.

    Args:
        known: of the pictures of rows before it, by the digest of their files; is added to.
    """
    known = {} if known is None else known
    reasons: list[RowError] = []
    words = Words("image", "", "")
    points: tuple[Point, ...] = ()
    with _noting(reasons):
        words = read_words(raw)
    stored = stored_frames(raw)
    looked_at = [_look(one, reasons, known) for one in stored]
    digests = tuple(digest for digest, _ in looked_at)
    with _noting(reasons):
        check_number(len(stored), words.medium)
    with _noting(reasons):
        points = check_points(words.answer)
    refused = reasons[0] if reasons else None
    task = task_of(raw, points) if not refused else None
    return Seen(
        content=_digest(_canonical(raw), *digests),
        question=None if refused else _digest(words.question, *digests),
        frames=digests,
        sizes=tuple(size for _, size in looked_at if size),
        task=task,
        video=video_of(raw),
        refused=(refused.kind, refused.said) if refused else None,
        remarks=() if refused else tuple(_remarks(raw, task, words.answer, points)),
    )


def _look(
    stored: Any, reasons: list[RowError], known: dict[str, Shown]
) -> tuple[str, tuple[int, int] | None]:
    """Digest of a picture, and its size if it can be decoded."""
    file = None
    with suppress(RowError):
        file = _digest(encoded(stored))
        if file in known:
            return known[file]
    with _noting(reasons):
        frame = decoded(stored)
        found = Shown(pixels_digest(frame), frame.size)
        if file:
            known[file] = found
        return found
    return file or _digest("no file"), None


@contextmanager
def _noting(reasons: list[RowError]) -> Iterator[None]:
    """Keep why a step failed, and go on to the next."""
    try:
        yield
    except RowError as error:
        reasons.append(error)


def _remarks(
    raw: Raw, task: str | None, answer: str, points: tuple[Point, ...]
) -> list[tuple[str, str]]:
    metadata, said = metadata_of(raw), []
    if len(points) == 1:
        point, place = points[0], metadata.get("coordinates")
        if isinstance(place, Mapping) and not _same_place(point, place):
            said.append((OTHER_PLACE, f"{dict(place)}, the answer ({point.x:g}, {point.y:g})"))
        label = metadata.get("label")
        if label is not None and label != point.label:
            said.append((OTHER_LABEL, f"{label!r}, the answer {point.label!r}"))
    if task in CLASSES and not named_in(answer, CLASSES[task]):
        said.append((UNKNOWN_CLASS, repr(answer[:60])))
    return said


def _same_place(point: Point, place: Mapping[str, Any]) -> bool:
    """Equal once the metadata's coordinates are rounded to the answer's one decimal."""
    pairs = ((point.x, place.get("x")), (point.y, place.get("y")))
    return all(isinstance(b, int | float) and abs(a - b) <= 0.0501 for a, b in pairs)


def _canonical(raw: Raw) -> str:
    """What the row says beside its pictures, as JSON that no file format has a part in."""
    said: dict[str, Any] = {k: v for k, v in raw.items() if k not in IMAGE_COLUMNS}
    if "metadata" in said:
        said["metadata"] = metadata_of(raw)
    try:
        said["messages"] = messages_of(raw)
    except RowError as error:
        said.setdefault("messages", error.said)
    return json.dumps(_in_floats(without_empty(said)), sort_keys=True, default=str)


def _in_floats(value: Any) -> Any:
    """With every number as a float, as columnar files may make it."""
    if isinstance(value, Mapping):
        return {key: _in_floats(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_in_floats(entry) for entry in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(b"%d\n" % len(data) + data)
    return digest.hexdigest()
