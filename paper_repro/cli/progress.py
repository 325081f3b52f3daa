"""How far something is, on standard error: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.text import Text

from paper_repro.verify.report.table import safe
from paper_repro.verify.report.terminal import make_console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PAUSE = 10.0
"""Seconds between two lines of progress in a log."""


class Drawn:
    """Draws what goes on; where standard error is no terminal, a line at least every pause."""

    def __init__(self, quiet: bool = False) -> None:
        self._console, self._quiet = make_console(stderr=True), quiet
        self._animated = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._what = ""
        self._last = 0.0
        self._first = (0.0, 0)

    def doing(self, what: str, done: int = 0, of: int = 0, words: str = "") -> None:
        """So many are done; ``of`` is 0 where nothing is counted."""
        if self._quiet:
            return
        count = f"{done:,} of {of:,}" if of else ""
        words = ", ".join(part for part in (words, self._left(what, done, of)) if part)
        if self._animated:
            self._draw(what, done, of, count, words)
        elif what != self._what or time.monotonic() - self._last > PAUSE or done == of > 0:
            said = ", ".join(part for part in (f"{what} {count}".strip(), words) if part)
            self._console.print(Text(safe(said)), soft_wrap=True)
            self._last = time.monotonic()
        self._what = what

    def said(self, words: str) -> None:
        """A sentence, above the bar."""
        if not self._quiet:
            self._console.print(Text(safe(words)), soft_wrap=not self._animated)

    def end(self) -> None:
        """Take the bar away and give the cursor back."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _left(self, what: str, done: int, of: int) -> str:
        """The time that is left, at the speed since the first that was told."""
        now = time.monotonic()
        if what != self._what:
            self._first = (now, done)
        began, first = self._first
        if not first < done < of:
            return ""
        left = timedelta(seconds=round((now - began) / (done - first) * (of - done)))
        return f"{left} left"

    def _draw(self, what: str, done: int, of: int, count: str, words: str) -> None:
        if self._bar is None:
            self._bar = _bar(self._console)
            self._bar.start()
        total = of or None
        if what != self._what or self._task is None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=total, count=count, words=words)
        self._bar.update(self._task, completed=done, total=total, count=count, words=words)


class DrawnAnswers(Drawn):
    """A :class:`paper_repro.evaluation.asking.Watcher` to use in a ``with`` block.

    When something stops the block after the first answer, it says where the answers are kept.
    """

    def __init__(self, kept: Path) -> None:
        super().__init__()
        self._kept = kept
        self._began = time.monotonic()
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
        if error is not None and self._done:
            command = f"python -m paper_repro evaluate --predictions {self._kept}"
            self.said(f"{self._done:,} answers are kept and can be scored: {command}")

    def stage(self, what: str) -> None:
        """Something without a count goes on."""
        self.doing(what)
        self._began = time.monotonic()

    def advance(self, done: int, total: int) -> None:
        """So many rows are answered."""
        self._done = done
        rate = done / max(time.monotonic() - self._began, 1e-3)
        self.doing("answering", done, total, f"{rate:,.1f} rows/s")


def _bar(console: Console) -> Progress:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[words]}", markup=False),
        console=console,
        transient=True,
        expand=True,
    )
