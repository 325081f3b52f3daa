"""A run does not go on with other settings, another base or other rows; what may change is said."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace

import pytest

from paper_repro.errors import UserError
from paper_repro.training.context import Options
from paper_repro.training.record import read_record
from paper_repro.training.run import resume, train
from tests.training.bench import apart, same_bits
from tests.training.runs import (
    Heard,
    go_on,
    newest,
    run,
    stopping,
)

REFUSED = {
    "seed": 7,
    "learning_rate": 1e-5,
    "labels": "sequence",
    "optimizer": "adamw_8bit",
    "epochs": 9,
    "max_steps": 99,
    "precision": "bf16",
    "batch": 4,
    "variant": "notebook",
    "level": 1,
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_setting_is_named_before_anything_is_loaded(interrupted, name, monkeypatch):
    monkeypatch.setattr("paper_repro.training.level.prepare", lambda *_: 1 / 0)
    before = (interrupted / "record.json").read_bytes()
    with pytest.raises(UserError, match=f"another {name}") as error:
        resume(interrupted, Options(), Heard(), {name: REFUSED[name]})
    assert error.value.got == repr(REFUSED[name])
    assert (interrupted / "record.json").read_bytes() == before


@pytest.fixture(scope="module")
def interrupted(small, tmp_path_factory):
    """A run that was interrupted after its second step; only looked at."""
    folder = tmp_path_factory.mktemp("interrupted")
    heard = stopping(2, lambda: signal.raise_signal(signal.SIGTERM))
    train(small.settings(), folder, Options(), heard)
    return folder


def altered(path):
    """The same file with a tensor's last number changed."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    name = max(tensors)
    tensors[name].view(-1)[-1] += 1
    save_file(tensors, path, metadata={"format": "pt"})


def reworded(path):
    path.write_text(path.read_text().replace("Where is the", "Where's the", 1))


ALTERED = {
    "base": lambda at: altered(at.base / "base" / "model.safetensors"),
    "Level 1 adapter": lambda at: altered(at.level1 / "adapter" / "adapter_model.safetensors"),
    "data set": lambda at: reworded(at.data / "train.jsonl"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_another_base_level_1_or_row_is_named_before_a_step(small, tmp_path, what):
    there = {}
    for part in ("base", "level1", "data"):
        there[part] = shutil.copytree(getattr(small, part), tmp_path / part)
    copied = replace(small, **there)
    heard = stopping(1, lambda: signal.raise_signal(signal.SIGTERM))
    train(copied.settings(), tmp_path / "run", Options(), heard)
    state = newest(tmp_path / "run")
    ALTERED[what](copied)
    with pytest.raises(UserError, match=f"began with another {what}") as error:
        go_on(tmp_path / "run", Heard(lambda _: pytest.fail("a step was taken")))
    assert error.value.expected != error.value.got
    record = read_record(tmp_path / "run")
    assert (record.status, record.said) == ("failed", str(error.value))
    assert same_bits(newest(tmp_path / "run").tensors, state.tensors)


FREELY = {
    "batch": {"batch": 2, "accumulation": 1},
    "checkpointing": {"checkpointing": True},
    "features": {"features": False},
    "without": {"without": "packing"},
}


@pytest.mark.parametrize("name", FREELY)
def test_how_a_step_is_computed_may_change_on_the_way(small, tmp_path, name):
    """And agrees to rounding, under dropout too."""
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    first = run(settings, whole)
    train(settings, broken, Options(), stopping(2, lambda: signal.raise_signal(signal.SIGTERM)))
    heard = Heard()
    record = resume(broken, Options(), heard, FREELY[name])
    said = [line for line in heard.lines if line.startswith(f"{name} was ")]
    assert len(said) == 1 and said[0] in record.warnings
    assert said[0].endswith("the numbers agree to rounding from here on.")
    assert record.settings | FREELY[name] == record.settings
    assert record.losses[:2] == first.losses[:2]
    assert record.losses == pytest.approx(first.losses, rel=1e-5)
    assert apart(newest(broken).tensors, newest(whole).tensors) < 1e-3


def test_another_machine_is_said(small, tmp_path, monkeypatch):
    settings = small.settings(max_steps=2)
    train(settings, tmp_path, Options(), stopping(1, lambda: signal.raise_signal(signal.SIGTERM)))
    monkeypatch.setattr("paper_repro.training.describe._processor", lambda: "another processor")
    heard = Heard()
    assert go_on(tmp_path, heard).status == "finished"
    assert any("is now another processor: " in line for line in heard.lines)
