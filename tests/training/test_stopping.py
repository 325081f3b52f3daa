"""Signals: the step in hand is finished and saved, the next command named, the exit status told."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from paper_repro.errors import UserError
from paper_repro.training import checkpoints
from paper_repro.training.context import Options
from paper_repro.training.lock import locked
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from paper_repro.training.stopping import asked_to_stop, name_of
from tests.training import children
from tests.training.runs import Heard, differences, go_on, newest, run, stopping

HANDLED = (signal.SIGTERM, signal.SIGINT)


def test_the_first_signal_asks_and_a_second_interrupt_stops_at_once():
    before = [signal.getsignal(number) for number in HANDLED]
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt), asked_to_stop(told.append) as asked:
        assert asked() == 0
        for number in (signal.SIGTERM, signal.SIGTERM):
            signal.raise_signal(number)
            assert name_of(asked()) == "SIGTERM"
            assert told == ["SIGTERM: the step in hand is finished; Ctrl-C stops at once."]
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in HANDLED] == before


def test_a_signal_while_something_is_written_is_not_lost():
    def writing(_words):
        raise RuntimeError("reentrant call inside <_io.BufferedWriter>")

    with asked_to_stop(writing) as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked() == signal.SIGTERM


def test_outside_the_main_thread_nothing_is_listened_for():
    heard = []

    def elsewhere():
        with asked_to_stop() as asked:
            heard.append(asked())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert heard == [0]


def test_a_second_ctrl_c_while_a_checkpoint_is_written_leaves_what_was_whole(
    small, tmp_path, monkeypatch
):
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    flush, calls = checkpoints._flush, []

    def twice(path):
        calls.append(path)
        if len(calls) == 6:  # of the second checkpoint
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
        flush(path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_flush", twice)
        with pytest.raises(KeyboardInterrupt):
            run(settings, broken)
    assert [path.name for path in (broken / "checkpoints").iterdir()] == ["step-00000002"]
    record = read_record(broken)
    assert (record.status, record.said) == ("interrupted", "stopped at once by a second SIGINT")
    assert go_on(broken).resumed_at == [2]
    assert differences(whole, broken) == []


def test_a_signal_before_the_first_step_stops_there(small, tmp_path):
    class Early(Heard):
        def doing(self, what, done=0, of=0):
            if what == "loading the base":
                signal.raise_signal(signal.SIGTERM)

    settings = small.settings(max_steps=2)
    record = train(settings, tmp_path / "run", Options(), Early())
    assert (record.status, record.said) == ("interrupted", "SIGTERM while loading the base")
    assert read_record(tmp_path / "run") == record
    assert not (tmp_path / "run" / "checkpoints").exists()
    assert go_on(tmp_path / "run").status == "finished"


def test_after_the_last_step_a_signal_changes_nothing(small, tmp_path):
    heard = stopping(2, lambda: signal.raise_signal(signal.SIGTERM))
    record = train(small.settings(max_steps=2), tmp_path, Options(), heard)
    assert (record.status, record.said) == ("finished", "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"]
)
def test_the_command_saves_says_how_to_go_on_and_exits(small, tmp_path, number, code):
    place = tmp_path / "run"
    child = children.start(small.words("--save-every", "1"), tmp_path)
    assert children.wait_for(child, (place / "checkpoints/step-00000001").exists)
    os.kill(child.pid or 0, number)
    assert children.ended(child) == code
    record = read_record(place)
    assert record.status == "interrupted" and 1 <= record.steps < 6
    assert record.said == f"{name_of(number)} after step {record.steps} of 6"
    assert newest(place).steps == record.steps == len(record.losses)
    said = (tmp_path / "out.txt").read_text()
    assert f"Stopped: {record.said}. The state is saved." in said
    assert "Next: python -m paper_repro train --resume run" in said
    assert "Traceback" not in (tmp_path / "err.txt").read_text()


def test_the_command_stops_at_once_when_it_is_interrupted_twice(small, tmp_path):
    place, long_steps = tmp_path / "run", ("--accumulation", "6", "--epochs", "9")
    child = children.start(small.words("--save-every", "1", *long_steps), tmp_path)
    assert children.wait_for(child, (place / "checkpoints/step-00000002").exists)
    for pause in (0.03, 0):  # far shorter than a step
        os.kill(child.pid or 0, signal.SIGINT)
        time.sleep(pause)
    assert children.ended(child) == 130
    assert read_record(place).said == "stopped at once by a second SIGINT"
    assert newest(place).steps == 2
    said = (tmp_path / "err.txt").read_text()
    assert "Traceback" not in said and "train --resume run" in " ".join(said.split())


def test_a_folder_in_which_a_process_trains_is_left_alone(small, tmp_path):
    place = tmp_path / "run"
    child = children.start(small.words("--save-every", "1", "--epochs", "9"), tmp_path)
    assert children.wait_for(child, (place / "checkpoints/step-00000001").exists)
    with pytest.raises(UserError, match="Another process trains"):
        go_on(place)
    assert read_record(place).status == "running"
    children.kill(child)
    with locked(place):
        pass
