"""How far the answers are, on standard error: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.text import Text

from paper_repro.verify.report.table import safe
from paper_repro.verify.report.terminal import make_console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PAUSE = 30.0
"""Seconds between two lines of progress in a log."""


class AnswerProgress:
    """A :class:`paper_repro.evaluation.asking.Watcher` to use in a ``with`` block.

    When something stops the block after the first answer, it says where the answers are kept.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._console = make_console(stderr=True)
        animated = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar = _bar(self._console) if animated else None
        self._done = 0
        self._began = self._said = 0.0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
        if error is not None and self._done:
            command = f"python -m paper_repro evaluate --predictions {self._kept}"
            self._line(f"{self._done:,} answers are kept and can be scored: {command}")

    def stage(self, what: str) -> None:
        """Something without a count goes on."""
        if self._bar:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(what, total=None, rate="")

    def advance(self, done: int, total: int) -> None:
        """So many rows are answered; the rate is of all answers since the first."""
        now = time.monotonic()
        if not self._done:
            self.stage("answering")
            self._began = self._said = now
        self._done = done
        rate = done / (now - self._began) if now > self._began else 0.0
        if self._bar:
            (task,) = self._bar.task_ids
            self._bar.update(task, completed=done, total=total, rate=f"{rate:.1f} rows/s")
        elif now - self._said >= PAUSE:
            self._said = now
            self._line(f"answered {done:,} of {total:,} rows, {rate:.1f} rows/s")

    def _line(self, text: str) -> None:
        self._console.print(Text(safe(text)), soft_wrap=True)


def _bar(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        expand=True,
    )
