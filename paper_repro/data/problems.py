"""What is wrong with a data set: every problem by its row, and what its splits share.

A row that cannot be trained on is left out, listed and counted; nothing else is. A split is made by
row, so that one frame, or frames of one video, may stand on both sides: then held-out scores are in
part scores on what was trained on, and the report says on how many rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from paper_repro.data.rows import Row, read_row
from paper_repro.data.source import Splits
from paper_repro.data.survey import Progress, Seen


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one row, counted from 0; ``left_out`` if it is not trained on."""

    split: str
    row: int
    kind: str
    said: str
    left_out: bool


@dataclass(frozen=True)
class Shared:
    """Something, such as a frame or a video, that usable rows of more than one split show.

    Attributes:
        what: digest of the frame or question, or name of the video.
        rows: for each split the numbers of the rows that show it.
    """

    what: str
    rows: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class DataReport:
    """What :func:`check` found.

    Attributes:
        rows: number of rows, by split.
        usable: numbers of the rows that can be trained on, by split.
        tasks: number of usable rows for each task, by split.
        problems: all of them, in the order of the rows.
        frames: number of different frames in the usable rows, by split.
        shared_frames, shared_questions, shared_videos: frames, questions about the same frame in
            the same words, and videos; those that stand in more than one split.
        repeated: usable rows that are the same in all as one before them in their split.
        unnamed: number of usable rows that name no video, by split.
    """

    name: str
    revision: str | None
    fingerprint: str
    rows: Mapping[str, int]
    usable: Mapping[str, tuple[int, ...]]
    tasks: Mapping[str, Mapping[str, int]]
    problems: tuple[Problem, ...]
    frames: Mapping[str, int]
    shared_frames: tuple[Shared, ...]
    shared_questions: tuple[Shared, ...]
    shared_videos: tuple[Shared, ...]
    repeated: Mapping[str, tuple[int, ...]]
    unnamed: Mapping[str, int]

    @property
    def left_out(self) -> dict[str, dict[str, int]]:
        """How many rows are not trained on, by split and kind."""
        return self._counted(left_out=True)

    @property
    def remarks(self) -> dict[str, dict[str, int]]:
        """How many rows are odd and trained on all the same, by split and kind."""
        return self._counted(left_out=False)

    def _counted(self, *, left_out: bool) -> dict[str, dict[str, int]]:
        return {
            split: _counts(
                problem.kind
                for problem in self.problems
                if problem.split == split and problem.left_out == left_out
            )
            for split in self.rows
        }

    def lines(self) -> list[str]:
        """The report for a terminal, one finding a line."""
        from paper_repro.data.wording import lines

        return lines(self)

    def to_dict(self) -> dict[str, Any]:
        """The report for a record: plain numbers, lists and strings."""
        return {
            "name": self.name,
            "revision": self.revision,
            "fingerprint": self.fingerprint,
            "rows": dict(self.rows),
            "usable": {split: len(rows) for split, rows in self.usable.items()},
            "tasks": {split: dict(counts) for split, counts in self.tasks.items()},
            "left_out": self.left_out,
            "remarks": self.remarks,
            "problems": [
                [problem.split, problem.row, problem.kind, problem.said]
                for problem in self.problems
            ],
            "frames": dict(self.frames),
            "repeated_rows": {split: len(rows) for split, rows in self.repeated.items()},
            "rows_without_video": dict(self.unnamed),
            "leaks": {
                "frames": len(self.shared_frames),
                "rows_with_shared_frames": rows_of(self.shared_frames),
                "questions": len(self.shared_questions),
                "rows_with_shared_questions": rows_of(self.shared_questions),
                "videos": len(self.shared_videos),
                "rows_of_shared_videos": rows_of(self.shared_videos),
            },
        }


class Rows(Sequence[Row]):
    """The usable rows of a split, each read when it is asked for, and its pictures when they
    are."""

    def __init__(self, splits: Splits, split: str, numbers: Sequence[int]) -> None:
        self.split = split
        self.numbers = tuple(numbers)
        self._raws, self._seen = splits[split], splits.seen()[split]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = self.numbers[index]
        return read_row(self._raws[number], number, self.split, self._seen[number].shown)


def usable_rows(splits: Splits, report: DataReport, split: str) -> Rows:
    """The rows of a split that can be trained on or scored, in their order."""
    return Rows(splits, split, report.usable.get(split, ()))


def check(splits: Splits, progress: Progress | None = None) -> DataReport:
    """Look at every row once, and at what the splits share."""
    seen = splits.seen(progress)
    good = {
        split: {n: r for n, r in enumerate(rows) if not r.refused} for split, rows in seen.items()
    }
    return DataReport(
        name=splits.name,
        revision=splits.revision,
        fingerprint=splits.fingerprint,
        rows={split: len(rows) for split, rows in seen.items()},
        usable={split: tuple(rows) for split, rows in good.items()},
        tasks={split: _counts(str(r.task) for r in rows.values()) for split, rows in good.items()},
        problems=tuple(_problems(seen)),
        frames={
            split: len({frame for row in rows.values() for frame in row.frames})
            for split, rows in good.items()
        },
        shared_frames=_shared(good, lambda row: row.frames),
        shared_questions=_shared(good, lambda row: (row.question,) if row.question else ()),
        shared_videos=_shared(good, lambda row: (row.video,) if row.video else ()),
        repeated={split: _repeated(rows) for split, rows in good.items()},
        unnamed={
            split: sum(r.video is None for r in rows.values()) for split, rows in good.items()
        },
    )


def rows_of(shared: Sequence[Shared]) -> dict[str, int]:
    """Number of rows, by split, that show any of what is shared."""
    rows: dict[str, set[int]] = {}
    for one in shared:
        for split, numbers in one.rows.items():
            rows.setdefault(split, set()).update(numbers)
    return {split: len(numbers) for split, numbers in rows.items()}


def _problems(seen: Mapping[str, Sequence[Seen]]) -> Iterator[Problem]:
    for split, rows in seen.items():
        for number, row in enumerate(rows):
            if row.refused:
                yield Problem(split, number, *row.refused, left_out=True)
            for kind, said in row.remarks:
                yield Problem(split, number, kind, said, left_out=False)


def _shared(
    good: Mapping[str, Mapping[int, Seen]], what: Callable[[Seen], Sequence[str]]
) -> tuple[Shared, ...]:
    where: dict[str, dict[str, dict[int, None]]] = {}
    for split, rows in good.items():
        for number, row in rows.items():
            for one in what(row):
                where.setdefault(one, {}).setdefault(split, {})[number] = None
    return tuple(
        Shared(one, {split: tuple(numbers) for split, numbers in places.items()})
        for one, places in where.items()
        if len(places) > 1
    )


def _repeated(rows: Mapping[int, Seen]) -> tuple[int, ...]:
    before: set[str] = set()
    again = []
    for number, row in rows.items():
        if row.content in before:
            again.append(number)
        before.add(row.content)
    return tuple(again)


def _counts(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())
