"""What a run looks like while it happens: a spinner, and one line a verdict as it is reached.

On a terminal the spinner's line is redrawn and leaves no trace; elsewhere (a pipe, a log, a dumb
terminal) every event is one plain line. Leaving the ``with`` block, by Ctrl-C too, gives the
cursor back.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text

from paper_repro.verify.finding import Stage
from paper_repro.verify.report.style import LOOKS
from paper_repro.verify.report.table import safe
from paper_repro.verify.report.wording import found, said
from paper_repro.verify.result import ClaimResult, StageResult

if TYPE_CHECKING:
    from rich.progress import Progress

PAUSE = 2.0
"""Seconds between two lines of progress in a log."""


class LiveView:
    """A :class:`paper_repro.verify.run.Watcher` that draws on a Rich console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        animated = console.is_terminal and not console.is_dumb_terminal
        self._spinner = _spinner(console) if animated else None
        self._stage = ""
        self._said = 0.0

    def __enter__(self) -> Self:
        if self._spinner:
            self._spinner.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._spinner:
            self._spinner.stop()

    def stage_started(self, stage: Stage) -> None:
        """Show that a stage has begun."""
        self._stage = stage
        self._said = time.monotonic()
        if self._spinner:
            self._spinner.add_task(str(stage), total=None)
        else:
            self._line(Text(f"{stage} …"))

    def progress(self, message: str) -> None:
        """Show how far the stage has come; in a log, not more often than every two seconds."""
        if self._spinner:
            for task in self._spinner.task_ids:
                self._spinner.update(task, description=safe(f"{self._stage}  {message}"))
        elif time.monotonic() - self._said >= PAUSE:
            self._said = time.monotonic()
            self._line(Text(safe(f"  {message}")))

    def verdict_reached(self, result: ClaimResult) -> None:
        """Print one claim's verdict."""
        look = LOOKS[result.verdict]
        line = Text.assemble(
            (f"{look.symbol} {result.id}  ", look.terminal), (str(result.verdict), look.terminal)
        )
        if result.found_text:
            line.append(safe(f"  {said(result)}, found {found(result)}"))
        elif result.reason:
            line.append(safe(f"  {result.reason}"))
        self._line(line)

    def stage_finished(self, result: StageResult) -> None:
        """Take the spinner away; say so when the stage did not come through."""
        if self._spinner:
            for task in self._spinner.task_ids:
                self._spinner.remove_task(task)
        if result.status != "ran":
            self._line(Text(safe(f"{result.name}: {result.status}. {result.reason}"), "bold"))

    def _line(self, text: Text) -> None:
        text.plain = " ".join(text.plain.split("\n"))
        if self._console.is_terminal:
            self._console.print(text, no_wrap=True, overflow="ellipsis", crop=True)
        else:
            self._console.print(text, soft_wrap=True)


def _spinner(console: Console) -> Progress:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    words = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=words),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        expand=True,
    )
