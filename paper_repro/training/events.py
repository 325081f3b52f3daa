"""TensorBoard's event files: loss, learning rate and samples a second of every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paper_repro.quiet import captured
from paper_repro.training.watch import Stepped

FOLDER = "tensorboard"


@contextmanager
def events(folder: Path, first: int, on: bool = True) -> Iterator[Callable[[Stepped], None]]:
    """A function that writes a step; where TensorBoard is not installed it writes nothing.

    Args:
        folder: of the run.
        first: the step it begins at; what an earlier start wrote of later ones is hidden.
    """
    try:
        with captured():
            from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        on = False
    if not on:
        yield lambda _step: None
        return
    writer = SummaryWriter(str(folder / FOLDER), purge_step=first)

    def write(step: Stepped) -> None:
        writer.add_scalar("loss", step.loss, step.step)
        writer.add_scalar("learning rate", step.rate, step.step)
        writer.add_scalar("samples a second", step.samples / step.seconds, step.step)

    try:
        yield write
    finally:
        writer.close()
