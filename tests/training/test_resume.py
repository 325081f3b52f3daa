"""A run that was interrupted goes on to the same bits as one that was not."""

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
    STEPS,
    STUDY,
    Heard,
    Killed,
    differences,
    end_at_once,
    go_on,
    killed,
    newest,
    run,
    stopping,
)

PAGED = "paged_adamw_8bit"
MATRIX = {
    "Level 0": (0, "", {"max_steps": 3}, {}, [2]),
    "Level 0, loaders": (0, "", {"max_steps": 3}, {"loaders": 2}, [1]),
    "Level 1, 8 bits": (1, "", {"optimizer": "adamw_8bit"}, {}, [2, 3]),
    "stated": (2, "stated", {}, {}, [2, 3]),
    "stated, tower each time, loaders": (2, "stated", {"features": False}, {"loaders": 2}, [3]),
    "stated, fp16 and its scaler": (2, "stated", {"precision": "fp16", "max_steps": 4}, {}, [2]),
    "stated, NF4": (2, "stated", {"precision": "nf4", "checkpointing": True}, {}, [3]),
    "seven-modules, paged 8 bits": (2, "seven-modules", {"optimizer": PAGED}, {}, [2, 3]),
    "notebook": (2, "notebook", {}, {}, [2, 3]),
    "notebook, 8 bits": (2, "notebook", {"optimizer": "adamw_8bit"}, {}, [4]),
}
"""Level, variant, changed settings, options, and the steps after which the run is stopped: the
third is the last of an epoch."""


@pytest.mark.parametrize("name", MATRIX)
def test_to_the_same_bits_mid_epoch_and_from_an_epochs_end(small, tmp_path, name):
    level, variant, changes, options, stops = MATRIX[name]
    settings = small.settings(level, variant, **changes)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    steps = run(settings, whole).steps
    for at in stops:
        heard = stopping(at, lambda: signal.raise_signal(signal.SIGTERM))
        how = Options(save_every=100, **options)
        begun = (broken / "record.json").exists()
        record = resume(broken, how, heard) if begun else train(settings, broken, how, heard)
        assert (record.status, record.steps) == ("interrupted", at)
        assert record.said == f"SIGTERM after step {at} of {steps}"
    record = go_on(broken, **options)
    assert record.resumed_at == stops
    assert differences(whole, broken) == []


def test_a_state_in_eight_bits_was_among_them(small, tmp_path):
    """Else the optimizers that hold one would have been compared in full precision only."""
    settings = small.settings(2, "seven-modules", optimizer=PAGED, max_steps=1)
    run(settings, tmp_path)
    kinds = {str(t.dtype) for n, t in newest(tmp_path).tensors.items() if n.startswith("optimizer")}
    assert "torch.uint8" in kinds


def test_a_run_that_ended_without_a_word_goes_on_from_its_last_checkpoint(small, tmp_path):
    settings = small.settings()
    run(settings, tmp_path / "whole")
    with killed(settings, tmp_path / "broken", at=5):
        assert newest(tmp_path / "broken").steps == 4
        assert read_record(tmp_path / "broken").status == "running"
    heard = Heard()
    assert go_on(tmp_path / "broken", heard).resumed_at == [4]
    assert heard.steps[0].step == 5
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


def test_one_that_ended_before_its_first_checkpoint_begins_again(small, tmp_path):
    settings = small.settings(2, "seven-modules")
    run(settings, tmp_path / "whole")
    with killed(settings, tmp_path / "broken", at=1):
        assert not (tmp_path / "broken" / "checkpoints").exists()
    assert go_on(tmp_path / "broken").resumed_at == []
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


def test_one_that_ended_between_a_checkpoint_and_its_record_goes_on(small, tmp_path, monkeypatch):
    """The record on the disk knows of no step yet."""
    settings = small.settings(2, "seven-modules")
    run(settings, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("paper_repro.training.steps.write_record", lambda *_: end_at_once())
        run(settings, tmp_path / "broken")
    record = read_record(tmp_path / "broken")
    assert (record.status, record.steps, newest(tmp_path / "broken").steps) == ("running", 0, 2)
    assert go_on(tmp_path / "broken").resumed_at == [2]
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


def test_one_that_ended_while_it_saved_saves_again(small, tmp_path, monkeypatch):
    """All steps are taken, and nothing of what they made is in place."""
    settings = small.settings()
    run(settings, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr("peft.PeftModel.save_pretrained", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(settings, tmp_path / "broken")
    record = read_record(tmp_path / "broken")
    assert (record.status, record.steps) == ("failed", STEPS)
    assert not (tmp_path / "broken" / "adapter").exists()
    assert go_on(tmp_path / "broken").status == "finished"
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


def test_a_finished_run_does_not_go_on(small, tmp_path):
    run(small.settings(max_steps=1), tmp_path)
    with pytest.raises(UserError, match="has finished") as error:
        go_on(tmp_path)
    assert error.value.next_command == f"python -m paper_repro evaluate {tmp_path}"


def test_training_anew_in_a_runs_folder_is_refused(small, tmp_path):
    settings = small.settings(max_steps=1)
    run(settings, tmp_path)
    before = (tmp_path / "record.json").read_bytes()
    with pytest.raises(UserError, match="holds a run already") as error:
        run(settings, tmp_path)
    assert f"--resume {tmp_path}" in error.value.next_command
    assert (tmp_path / "record.json").read_bytes() == before


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
}


@pytest.mark.parametrize("name", FREELY)
def test_how_a_step_is_computed_may_change_on_the_way(small, tmp_path, monkeypatch, name):
    """And agrees to rounding; of another batch that is true without dropout."""
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    if name == "batch":
        monkeypatch.setattr("paper_repro.study.load_study", without_dropout)
        settings = small.settings(2, "seven-modules")
    first = run(settings, whole)
    train(settings, broken, Options(), stopping(2, lambda: signal.raise_signal(signal.SIGTERM)))
    heard = Heard()
    record = resume(broken, Options(), heard, FREELY[name])
    said = [line for line in heard.lines if line.startswith(f"{name} was ")]
    assert len(said) == 1 and said[0] in record.warnings
    assert ("dropout" in said[0]) == (name == "batch")
    assert record.settings | FREELY[name] == record.settings
    assert record.losses[:2] == first.losses[:2]
    assert record.losses == pytest.approx(first.losses, rel=1e-5)
    assert apart(newest(broken).tensors, newest(whole).tensors) < 1e-3


def without_dropout():
    adapters = tuple(one.model_copy(update={"lora_dropout": 0.0}) for one in STUDY.adapters)
    return STUDY.model_copy(update={"adapters": adapters})


def test_another_machine_is_said(small, tmp_path, monkeypatch):
    settings = small.settings(max_steps=2)
    train(settings, tmp_path, Options(), stopping(1, lambda: signal.raise_signal(signal.SIGTERM)))
    monkeypatch.setattr("paper_repro.training.describe._processor", lambda: "another processor")
    heard = Heard()
    assert go_on(tmp_path, heard).status == "finished"
    assert any("is now another processor: " in line for line in heard.lines)
