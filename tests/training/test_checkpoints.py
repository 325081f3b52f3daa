"""Checkpoints are whole or not there; a broken one is named and the one before it is used."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple

import pytest

from paper_repro.errors import UserError
from paper_repro.training import checkpoints
from paper_repro.training.checkpoints import NUMBERS, TENSORS, newest, read, write
from paper_repro.training.record import read_record
from tests.training.bench import begun, same_bits
from tests.training.runs import Heard, differences, go_on, killed, run

ABOUT = {"settings": {"seed": 1}, "losses": [0.1 + 0.2, 1e-300]}


@pytest.fixture(scope="module")
def training():
    return begun(stir=True)


def written(training, folder, *steps):
    for step in steps:
        training.steps = step
        write(folder, training, ABOUT)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_read_is_what_was_written(training, tmp_path):
    place = write(written(training, tmp_path, 7), training, ABOUT)
    tensors, numbers = training.state()
    found = read(place)
    assert same_bits(found.tensors, tensors)
    assert (found.numbers, found.about, found.steps) == (numbers, ABOUT, 7)
    assert names(place) == [NUMBERS, TENSORS]


def test_the_last_two_stay(training, tmp_path):
    written(training, tmp_path, 1, 20, 100)
    assert names(tmp_path) == ["step-00000020", "step-00000100"]
    found, problems = newest(tmp_path)
    assert found is not None and (found.steps, problems) == (100, ())


def test_of_none_there_is_none(tmp_path):
    assert newest(tmp_path / "nowhere") == (None, ()) == newest(tmp_path)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def flipped(path, where=-9):
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)


BROKEN = {
    "tensors cut short": lambda place: cut(place / TENSORS),
    "tensors empty": lambda place: os.truncate(place / TENSORS, 0),
    "tensors gone": lambda place: (place / TENSORS).unlink(),
    "a bit of the tensors": lambda place: flipped(place / TENSORS),
    "a bit of their names": lambda place: flipped(place / TENSORS, 30),
    "numbers cut short": lambda place: cut(place / NUMBERS),
    "numbers gone": lambda place: (place / NUMBERS).unlink(),
    "a bit of the numbers": lambda place: flipped(place / NUMBERS, -20),
    "a bit of the digests": lambda place: flipped(place / NUMBERS, 40),
    "numbers that are none": lambda place: (place / NUMBERS).write_text("[1, 2]"),
    "everything gone": lambda place: [file.unlink() for file in place.iterdir()],
    "a file in its place": lambda place: (shutil.rmtree(place), place.write_text("x")),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_one_is_named_and_the_one_before_it_is_used(training, tmp_path, how):
    written(training, tmp_path, 4, 5)
    BROKEN[how](tmp_path / "step-00000005")
    found, problems = newest(tmp_path)
    assert found is not None and found.steps == 4
    assert len(problems) == 1 and problems[0].startswith("step-00000005 cannot be used: ")


def test_a_write_that_fails_leaves_the_earlier_ones_and_nothing_half(
    training, tmp_path, monkeypatch
):
    written(training, tmp_path, 4, 5)
    training.steps = 6
    for number in (1, 2, 3):  # the tensors, the numbers, the folder itself
        calls = iter(range(1, 9))

        def flush(path, number=number, calls=calls):
            if next(calls) == number:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(checkpoints, "_flush", flush)
        with pytest.raises(OSError):
            write(tmp_path, training, ABOUT)
        assert names(tmp_path) == ["step-00000004", "step-00000005"]


def test_what_a_killed_process_left_half_written_goes_with_the_next(training, tmp_path):
    (tmp_path / ".step-00000003").mkdir()
    (tmp_path / ".step-00000003" / TENSORS).write_bytes(b"half")
    assert newest(tmp_path) == (None, ())
    assert names(written(training, tmp_path, 8)) == ["step-00000008"]


def test_a_run_goes_on_from_the_last_good_one(small, tmp_path):
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    with killed(settings, broken, at=5):
        flipped(broken / "checkpoints/step-00000004" / TENSORS)
    heard = Heard()
    assert go_on(broken, heard).resumed_at == [2]
    said = "step-00000004 cannot be used: state.safetensors is cut short or changed"
    assert said in heard.lines and "Going on after step 2 of 6." in heard.lines
    assert differences(whole, broken) == []


def test_without_a_good_one_it_begins_again_and_says_so(small, tmp_path):
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    with killed(settings, broken, at=5):
        for place in (broken / "checkpoints").iterdir():
            cut(place / NUMBERS)
    heard = Heard()
    assert go_on(broken, heard).resumed_at == []
    assert "No checkpoint can be used: it begins again, at step 0." in heard.lines
    assert differences(whole, broken) == []


Usage = namedtuple("Usage", "total used free")


def test_too_small_a_disk_is_named_before_the_first_step(small, tmp_path, monkeypatch):
    settings = small.settings(max_steps=1)
    trained = run(settings, tmp_path / "once").counts["trainable"]
    needed = 3 * 3 * 4 * trained  # three checkpoints of weights and two moments, in float32
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, needed - 1))
    with pytest.raises(UserError, match="no room for the checkpoints") as error:
        run(settings, tmp_path / "run")
    assert error.value.expected == f"{needed / 1e6:.1f} MB for 3 of them"
    record = read_record(tmp_path / "run")
    assert (record.status, record.steps, record.losses) == ("failed", 0, [])
    assert record.said == str(error.value)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, needed))
    assert run(settings, tmp_path / "run").status == "finished"


def test_checkpoints_that_are_there_take_no_more_room(training, tmp_path, monkeypatch):
    one = 3 * sum(tensor.nbytes for tensor in training.trained.values())
    folder = written(training, tmp_path / "checkpoints", 4, 5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, one))
    checkpoints.check_room(folder, training)
    shutil.rmtree(folder / "step-00000004")
    with pytest.raises(UserError):
        checkpoints.check_room(folder, training)


def test_processes_that_see_other_checkpoints_are_told(small, tmp_path, monkeypatch):
    """As on machines that do not share the folder."""
    with killed(small.settings(), tmp_path, at=3):
        monkeypatch.setattr("paper_repro.training.workers.Workers.first_says", lambda *_: 4)
    with pytest.raises(UserError, match="do not see the same checkpoints") as error:
        go_on(tmp_path)
    assert "step 4" in error.value.expected and error.value.got == "step 2"
