"""What every part of one run is given: how it is made, who listens, who trains with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paper_repro.study import Study
    from paper_repro.training.stopping import Asked
    from paper_repro.training.watch import Watcher
    from paper_repro.training.workers import Workers


@dataclass(frozen=True)
class Options:
    """How a run is made: nothing that it computes depends on it.

    Attributes:
        device: ``cpu`` or ``cuda``.
        save_every: steps between checkpoints.
        loaders: processes that prepare micro-batches ahead of time.
        push: hub repository that checkpoints are uploaded to; empty: none.
        command: the command line, for the record.
    """

    device: str = "cpu"
    save_every: int = 100
    loaders: int = 0
    push: str = ""
    command: str = ""


@dataclass(frozen=True)
class Run:
    """One run in one process.

    Attributes:
        asked: the signal that asked to stop; 0 while none did.
    """

    study: Study
    options: Options
    watcher: Watcher
    workers: Workers
    asked: Asked
