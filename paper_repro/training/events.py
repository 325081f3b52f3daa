"""TensorBoard's event files: loss, learning rate and samples a second of every step.

Each start of a run writes a file of its own, a step at a time, so that a killed one loses none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paper_repro.quiet import captured
from paper_repro.training.watch import Stepped

FOLDER = "tensorboard"
_NAME = "events.out.tfevents.{:010d}"
"""TensorBoard reads the files of a folder in the order of their names."""


@contextmanager
def events(folder: Path, taken: int, on: bool = True) -> Iterator[Callable[[Stepped], None]]:
    """A function that writes a step; where TensorBoard is not installed it writes nothing.

    Args:
        folder: of the run.
        taken: steps that were taken before; what an earlier start wrote of later ones is hidden.
    """
    try:
        with captured():
            from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
            from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
            from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
    except ImportError:
        on = False
    if not on:
        yield lambda _step: None
        return
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    with (place / _NAME.format(len(list(place.iterdir())))).open("xb") as file:
        writer = RecordWriter(file)

        def add(step: int, **what: Any) -> None:
            writer.write(Event(wall_time=time.time(), step=step, **what).SerializeToString())
            writer.flush()

        def write(step: Stepped) -> None:
            scalars = {
                "loss": step.loss,
                "learning rate": step.rate,
                "samples a second": step.samples / step.seconds,
            }
            values = [Summary.Value(tag=tag, simple_value=v) for tag, v in scalars.items()]
            add(step.step, summary=Summary(value=values))

        add(0, file_version="brain.Event:2")
        add(taken + 1, session_log=SessionLog(status=SessionLog.START))
        yield write
