"""Event files, read back with TensorBoard's own reader: the record's losses, each step once."""

from __future__ import annotations

import signal
import sys

import numpy as np
import pytest

from paper_repro.quiet import captured
from paper_repro.training.context import Options
from paper_repro.training.events import events
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from paper_repro.training.watch import Stepped
from tests.training.runs import STEPS, Heard, go_on, killed, run, stopping

TAGS = {"loss", "learning rate", "samples a second"}


def scalars(folder, tag):
    """Steps and values, as TensorBoard shows them."""
    with captured():
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        read = EventAccumulator(str(folder / "tensorboard"))
        read.Reload()
    assert set(read.Tags()["scalars"]) == TAGS
    return {event.step: event.value for event in read.Scalars(tag)}, len(read.Scalars(tag))


def agree(folder):
    record = read_record(folder)
    for tag, numbers in (("loss", record.losses), ("learning rate", record.learning_rates)):
        found, count = scalars(folder, tag)
        assert count == len(numbers) == STEPS
        assert list(found) == list(range(1, STEPS + 1))
        assert list(found.values()) == [float(np.float32(number)) for number in numbers]


def test_every_step_is_there(small, tmp_path):
    heard = Heard()
    train(small.settings(), tmp_path, Options(), heard)
    agree(tmp_path)
    speeds, _ = scalars(tmp_path, "samples a second")
    assert list(speeds.values()) == pytest.approx([s.samples / s.seconds for s in heard.steps])


def test_a_resumed_run_has_each_step_once(small, tmp_path):
    """Steps 3 and 5 were taken, written and lost; then one start ended with its state saved."""
    with killed(small.settings(learning_rate=3e-2), tmp_path, at=3):
        assert list(scalars(tmp_path, "loss")[0]) == [1, 2, 3]
    stopped = stopping(3, lambda: signal.raise_signal(signal.SIGTERM))
    assert go_on(tmp_path, stopped).steps == 3
    go_on(tmp_path)
    agree(tmp_path)
    assert len(list((tmp_path / "tensorboard").iterdir())) == 3


def test_a_file_that_was_cut_off_costs_its_last_step_only(tmp_path):
    for start in (0, 2):
        with events(tmp_path, start) as write:
            for step in range(start + 1, start + 4):
                write(Stepped(step, 9, step + start / 10, 0.0, 2, 0.5))
        if start == 0:
            file = next((tmp_path / "tensorboard").iterdir())
            file.write_bytes(file.read_bytes()[:-5])
    found, count = scalars(tmp_path, "loss")
    assert count == 5 and found == pytest.approx({1: 1, 2: 2, 3: 3.2, 4: 4.2, 5: 5.2})


def test_one_process_of_several_writes(tmp_path):
    with events(tmp_path, 0, on=False) as write:
        write(Stepped(1, 9, 1.0, 0.0, 2, 0.5))
    assert list(tmp_path.iterdir()) == []


def test_without_tensorboard_a_run_goes_on(small, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert run(small.settings(max_steps=1), tmp_path).status == "finished"
    assert not (tmp_path / "tensorboard").exists()
