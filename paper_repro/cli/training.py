"""How a run of ``train`` looks: its settings, what goes on, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.cli.progress import Drawn

if TYPE_CHECKING:
    from paper_repro.training.record import Record
    from paper_repro.training.watch import Stepped


class DrawnRun(Drawn):
    """A :class:`paper_repro.training.watch.Watcher`."""

    def stepped(self, step: Stepped) -> None:
        """Loss and speed of a step."""
        words = f"loss {step.loss:.4f}, {step.samples / step.seconds:,.0f} samples/s"
        self.doing("training", step.step, step.steps, words)


@contextmanager
def going() -> Iterator[DrawnRun]:
    """A watcher that draws on standard error; of several processes only the first does."""
    drawn = DrawnRun(quiet=os.environ.get("RANK", "0") != "0")
    try:
        yield drawn
    finally:
        drawn.end()


def show_run(record: Record, folder: Path) -> None:
    """What came of a run."""
    from paper_repro.cli.tables import emit, plain_table, print_table, say

    table = plain_table("", "")
    table.show_header = False
    for what, value in _facts(record).items():
        table.add_row(what, value)
    print_table(table)
    if record.status == "finished":
        say(f"Finished. Everything is in {folder}.", "bold")
        emit(f"Next: python -m paper_repro evaluate {folder}\n")
    else:
        saved = " The state is saved." if " after step " in record.said else ""
        say(f"Stopped: {record.said}.{saved}", "bold")
        emit(f"Next: python -m paper_repro train --resume {folder}\n")


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
