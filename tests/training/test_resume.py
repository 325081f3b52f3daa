"""A run that was interrupted goes on to the same bits as one that was not."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from paper_repro.errors import UserError
from paper_repro.training.context import Options
from paper_repro.training.record import read_record
from paper_repro.training.run import resume, train
from tests.training.runs import (
    STEPS,
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
    "Level 0 on a base": (0, "", {"max_steps": 4, "epochs": 2, "features": True}, {}, [1]),
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
    if level == 0 and settings.features:
        settings = replace(settings, base=str(small.base))
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
