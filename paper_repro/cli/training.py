"""How a run of ``train`` looks: its settings, what goes on, and what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from paper_repro.training.record import Record
    from paper_repro.training.settings import Settings
    from paper_repro.training.watch import Stepped

PAUSE = 10.0
"""Seconds between two lines of progress in a log."""


@contextmanager
def going() -> Iterator[Drawn]:
    """A watcher that draws on standard error; of several processes only the first does."""
    from paper_repro.verify.report.terminal import make_console

    drawn = Drawn(make_console(stderr=True), quiet=os.environ.get("RANK", "0") != "0")
    try:
        yield drawn
    finally:
        drawn.end()


class Drawn:
    """Draws a bar on a terminal, and a line every ten seconds elsewhere."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._what = ""
        self._last = 0.0

    def doing(self, what: str, done: int = 0, of: int = 0) -> None:
        """Something before the first step."""
        self._show(what, done, of, "")

    def said(self, words: str) -> None:
        """A sentence, above the bar."""
        from rich.text import Text

        from paper_repro.verify.report.table import safe

        if not self._quiet:
            self._console.print(Text(safe(words)))

    def stepped(self, step: Stepped) -> None:
        """Loss and speed of a step."""
        words = f"loss {step.loss:.4f}, {step.samples / step.seconds:,.0f} samples/s"
        self._show("training", step.step, step.steps, words)

    def end(self) -> None:
        """Take the bar away and give the cursor back."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, what: str, done: int, of: int, words: str) -> None:
        if self._quiet:
            return
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._draw(what, done, of, words)
        elif what != self._what or time.monotonic() - self._last > PAUSE or done == of > 0:
            counted = f" {done:,} of {of:,}" if of else ""
            self._console.print(f"{what}{counted}{', ' if words else ''}{words}", highlight=False)
            self._last = time.monotonic()
        self._what = what

    def _draw(self, what: str, done: int, of: int, words: str) -> None:
        if self._bar is None:
            self._bar = _bar(self._console)
            self._bar.start()
        if what != self._what or self._task is None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=of or None, words="")
        self._bar.update(self._task, completed=done, total=of or None, words=words)


def _bar(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        expand=True,
    )


def show_plan(settings: Settings) -> None:
    """Settings beside what the paper's script sets and the document's own words."""
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.study import load_study
    from paper_repro.training.recipes import deviations, paper, words

    study = load_study()
    theirs = paper(study, settings.level, settings.variant)
    quoted = words(study, settings.level, settings.variant)
    reasons = {each["name"]: each["reason"] for each in deviations(study, settings)}
    table = plain_table("setting", "here", "paper's script", "why it differs")
    for name, value in settings.to_dict().items():
        if name.endswith("_revision") and value is None:
            continue
        said = _word(theirs[name]) if name in theirs else "–"
        table.add_row(name, _word(value) or "the package's own", said, reasons.get(name, ""))
    print_table(table)
    for name, sentence in quoted.items():
        say(f"{name}, in the document's words: {sentence}")


def show_run(record: Record, folder: Path) -> None:
    """What came of a run."""
    from paper_repro.cli.tables import plain_table, print_table, say

    table = plain_table("", "")
    for what, value in _facts(record).items():
        table.add_row(what, value)
    print_table(table)
    if record.status == "finished":
        say(f"Finished. Everything is in {folder}.", "bold")
        say(f"Next: python -m paper_repro evaluate {folder}")
    else:
        say(f"Stopped: {record.said}. The state is saved.", "bold")
        say(f"Next: python -m paper_repro train --resume {folder}")


def _facts(record: Record) -> dict[str, str]:
    facts: dict[str, str] = {}
    if record.counts:
        share = 100 * record.counts["trainable"] / record.counts["total"]
        facts["trained weights"] = (
            f"{record.counts['trainable']:,} of {record.counts['total']:,} ({share:.4g} %)"
        )
    if record.losses:
        facts["loss"] = f"{record.losses[0]:.4f} → {record.losses[-1]:.4f} nats a token"
        facts["steps"] = f"{record.steps:,}"
        facts["time"] = f"{record.times['seconds']:,.1f} s"
    if record.peak_memory.get("device"):
        facts["peak memory"] = f"{record.peak_memory['device'] / 2**30:.2f} GiB on the card"
    if "base_after" in record.hashes:
        facts["base"] = _unchanged(record.base_changed, record.base_tensors)
        if record.earlier_tensors:
            facts["Level 1"] = _unchanged(record.earlier_changed, record.earlier_tensors)
    return facts


def _unchanged(changed: int, tensors: int) -> str:
    return f"{changed:,} of {tensors:,} tensors changed, by SHA-256"


def _word(value: Any) -> str:
    return "none" if value is None else str(value)
