"""A data report in plain words, one finding a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paper_repro.data.problems import DataReport, Problem, Shared

_SHOWN = 8
"""Row numbers that a line names before it stops."""


def lines(report: DataReport) -> list[str]:
    """What a terminal shows: sizes, what is left out, what is odd, what the splits share."""
    at = f" at {report.revision[:12]}" if report.revision else ""
    sizes = ", ".join(f"{split} {count:,}" for split, count in report.rows.items())
    return [
        f"{report.name}{at}: {sizes} rows (numbered from 0)",
        f"fingerprint {report.fingerprint[:16]}",
        *_tasks(report),
        *_problems(report),
        *_repeats(report),
        *_leaks(report, report.shared_frames, "frame"),
        *_leaks(report, report.shared_questions, "question about one frame"),
        *_leaks(report, report.shared_videos, "video"),
        *_unnamed(report),
    ]


def _tasks(report: DataReport) -> Iterator[str]:
    for split, tasks in report.tasks.items():
        usable = len(report.usable[split])
        listed = ", ".join(f"{task} {count:,}" for task, count in tasks.items())
        yield f"{split}: {usable:,} of {report.rows[split]:,} rows are used: {listed or 'none'}"


def _problems(report: DataReport) -> Iterator[str]:
    def key(problem: Problem) -> tuple[bool, str, str]:
        return (not problem.left_out, problem.split, problem.kind)

    for (kept, split, kind), group in groupby(sorted(report.problems, key=key), key):
        rows = [problem.row for problem in group]
        yield f"{split}: {'kept' if kept else 'left out'}, {kind}: {_numbered(rows)}"


def _repeats(report: DataReport) -> Iterator[str]:
    for split, rows in report.repeated.items():
        if rows:
            yield f"{split}: kept, the same as a row before: {_numbered(rows)}"


def _leaks(report: DataReport, shared: Sequence[Shared], what: str) -> Iterator[str]:
    for first, second in _pairs(report.rows):
        both = [one.rows for one in shared if first in one.rows and second in one.rows]
        if not both:
            yield f"no {what} stands in both {first} and {second}"
            continue
        shares = " and ".join(
            f"{len(rows):,} of {len(report.usable[split]):,} rows of {split}"
            for split in (first, second)
            for rows in [{number for one in both for number in one[split]}]
        )
        plural = what.replace(noun := what.split()[0], f"{noun}s")
        some = f"1 {what} stands" if len(both) == 1 else f"{len(both):,} {plural} stand"
        yield f"leak: {some} in both {first} and {second}: {shares}"


def _unnamed(report: DataReport) -> Iterator[str]:
    for split, count in report.unnamed.items():
        if count:
            rows = "1 row names" if count == 1 else f"{count:,} rows name"
            yield f"{split}: {rows} no video, so that a shared one cannot be seen there"


def _pairs(splits: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = list(splits)
    return ((a, b) for i, a in enumerate(names) for b in names[i + 1 :])


def _numbered(rows: Sequence[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:_SHOWN])
    more = ", …" if len(rows) > _SHOWN else ""
    return f"{len(rows):,} ({'row' if len(rows) == 1 else 'rows'} {shown}{more})"
