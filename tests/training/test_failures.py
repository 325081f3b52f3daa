"""What ends a run early: a clear error, the record says why, the state is saved, and what next."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
import torch

from paper_repro.errors import UserError
from paper_repro.training.checkpoints import newest as newest_of
from paper_repro.training.context import Options
from paper_repro.training.failures import disk_is_full, told
from paper_repro.training.record import read_record
from paper_repro.training.run import resume, train
from paper_repro.training.soundness import WEIGHTS
from tests.training import children
from tests.training.runs import Heard, differences, go_on, newest, raw_record, run, stopping


def failed(folder: Path, error: pytest.ExceptionInfo[UserError]) -> None:
    """The record in the folder says what the error says."""
    record = read_record(folder)
    assert (record.status, record.said) == ("failed", str(error.value))
    assert error.value.expected and error.value.got and error.value.next_command


def spoiled(monkeypatch, at, how):
    """A real run in which one forward pass goes wrong: the loss is what it is made of."""
    from paper_repro.engine.engine import Engine

    real, passes = Engine._loss, []

    def loss(*given):
        passes.append(1)
        return how(real(*given)) if len(passes) == at else real(*given)

    monkeypatch.setattr(Engine, "_loss", loss)


def out_of_memory(_loss):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 …")


def test_a_loss_that_is_no_number(small, tmp_path, monkeypatch):
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    with monkeypatch.context() as patch:
        spoiled(patch, 8, lambda loss: loss * float("nan"))
        with pytest.raises(UserError, match="Step 4 gave a loss that is no finite") as error:
            run(settings, broken, save_every=100)
    failed(broken, error)
    assert error.value.got == "nan" and "--learning-rate 0.001" in error.value.next_command
    assert newest(broken).steps == read_record(broken).steps == 3
    assert go_on(broken).status == "finished"
    assert differences(whole, broken) == []


def test_a_card_that_is_full(small, tmp_path, monkeypatch):
    """In the second pass of the third step, when gradients of the first are there."""
    settings, whole, broken = small.settings(batch=2), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    with monkeypatch.context() as patch:
        spoiled(patch, 5, out_of_memory)
        with pytest.raises(UserError, match="memory does not hold a pass of 2 rows") as error:
            run(settings, broken, save_every=100)
    failed(broken, error)
    assert error.value.got == "CUDA out of memory"
    way = f"train --resume {broken} --batch 1 --accumulation 4"
    assert error.value.next_command.endswith(way)
    assert newest(broken).steps == 2
    assert go_on(broken).resumed_at == [2]
    assert differences(whole, broken) == []


def test_the_way_out_of_a_full_card_can_be_gone(small, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(UserError):
        spoiled(patch, 3, out_of_memory)
        run(small.settings(batch=2, accumulation=1), tmp_path)
    record = resume(tmp_path, Options(), Heard(), {"batch": 1, "accumulation": 2})
    assert record.status == "finished"


@pytest.mark.parametrize(
    ("settings", "way"),
    [
        ({"batch": 5, "accumulation": 1}, "--batch 1 --accumulation 5"),
        ({"batch": 6, "accumulation": 2}, "--batch 3 --accumulation 4"),
        ({"batch": 1}, "--checkpointing"),
        ({"batch": 1, "checkpointing": True}, "(on a larger card)"),
    ],
)
def test_what_is_advised_computes_the_same_step(small, settings, way):
    error = told(torch.cuda.OutOfMemoryError("full"), small.settings(**settings), Path("run"))
    assert error is not None and error.next_command.endswith(f"--resume run {way}")


def test_an_update_that_was_broken_off_is_not_saved(small, tmp_path, monkeypatch):
    """A card may be full when the optimizer makes its state: half of the tensors have moved."""
    settings, whole, broken = small.settings(), tmp_path / "whole", tmp_path / "broken"
    run(settings, whole)
    update, updates = torch.optim.AdamW.step, []

    def half(optimizer):
        updates.append(1)
        if len(updates) == 4:
            with torch.no_grad():
                optimizer.param_groups[0]["params"][0].add_(1)
            out_of_memory(None)
        return update(optimizer)

    with monkeypatch.context() as patch, pytest.raises(UserError):
        patch.setattr(torch.optim.AdamW, "step", half)
        run(settings, broken)
    assert newest(broken).steps == 2
    assert "An update was broken off" in read_record(broken).said
    assert go_on(broken).resumed_at == [2]
    assert differences(whole, broken) == []


def test_anything_else_stands_in_the_record_too(small, tmp_path):
    with pytest.raises(ZeroDivisionError):
        heard = stopping(3, lambda: 1 / 0)
        train(small.settings(), tmp_path, Options(save_every=2), heard)
    record = read_record(tmp_path)
    assert (record.status, record.said) == ("failed", "ZeroDivisionError: division by zero")
    assert newest(tmp_path).steps == record.steps == 3
    with pytest.raises(UserError, match="holds a run already"):
        run(small.settings(), tmp_path)


@pytest.mark.parametrize("first", [0, 2], ids=["none before", "one before"])
def test_a_full_disk(small, tmp_path, first):
    """In a process that may write no file as large as a checkpoint."""
    words, place = small.words("--save-every", "2"), tmp_path / "run"
    if first:
        child = children.start(words, tmp_path)
        assert children.wait_for(child, (place / "checkpoints/step-00000002").exists)
        children.kill(child)
        words = ["train", "--resume", "run", "--save-every", "2", "--device", "cpu"]
    child = children.start(words, tmp_path, largest_file=100_000)
    assert children.ended(child) == 2
    said = (tmp_path / "err.txt").read_text()
    last = "the last good checkpoint is of step 2" if first else "none was written"
    assert f"The disk of run is full; {last}." in said and "Traceback" not in said
    assert "make room, then: python -m paper_repro train --resume run" in said
    assert [path.name for path in (place / "checkpoints").iterdir()] == (
        ["step-00000002"] if first else []
    )
    record = raw_record(place)
    assert record["status"] == "failed" and "could not be saved" in record["said"]
    child = children.start(["train", "--resume", "run", "--device", "cpu"], tmp_path)
    assert children.ended(child) == 0
    assert raw_record(place)["resumed_at"] == ([2, 2] if first else [])


def test_a_full_disk_when_the_adapters_are_saved(small, tmp_path):
    """A checkpoint has room, the adapter of both levels has not."""
    level1 = (small.level1 / "adapter" / WEIGHTS).stat().st_size
    child = children.start(small.words(), tmp_path, largest_file=level1)
    assert children.ended(child) == 2
    assert "The disk of run is full; the last good" in (tmp_path / "err.txt").read_text()
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert "adapter" not in left and "parts" not in left
    assert raw_record(tmp_path / "run")["status"] == "failed"
    child = children.start(["train", "--resume", "run", "--device", "cpu"], tmp_path)
    assert children.ended(child) == 0


def test_what_says_that_a_disk_is_full():
    from safetensors import SafetensorError

    assert disk_is_full(OSError(errno.ENOSPC, "full")) and disk_is_full(OSError(errno.EDQUOT, ""))
    assert disk_is_full(SafetensorError("Error while serializing: I/O error: … (os error 28)"))
    assert not disk_is_full(OSError(errno.EACCES, "no")) and not disk_is_full(SafetensorError("x"))
    assert not disk_is_full(ValueError("(os error 28)"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base": "nowhere/at-all"}, "nowhere/at-all"),
        ({"level1": "nowhere/at-all"}, "nowhere/at-all"),
        ({"data": "nowhere/at-all"}, "nowhere/at-all"),
        ({"max_length": 20}, "too long to be trained on whole"),
    ],
)
def test_what_fails_before_the_first_step_stands_in_the_record(
    small, tmp_path, changes, words, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=words) as error:
        run(small.settings(**changes), tmp_path)
    failed(tmp_path, error)
    assert raw_record(tmp_path)["settings"].items() >= changes.items()


def test_a_base_without_weights(small, tmp_path):
    base = shutil.copytree(small.base / "base", tmp_path / "base")
    (base / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be loaded") as error:
        run(small.settings(base=str(base)), tmp_path / "run")
    failed(tmp_path / "run", error)


def test_a_run_that_never_began_may_be_begun_anew_and_no_other(small, tmp_path):
    with pytest.raises(UserError):
        run(small.settings(max_length=20), tmp_path)
    record = run(small.settings(max_steps=1), tmp_path)
    assert record.settings["max_length"] == small.settings().max_length
    found, _ = newest_of(tmp_path / "checkpoints")
    assert found is not None
    with pytest.raises(UserError, match="holds a run already"):
        run(small.settings(max_steps=1), tmp_path)
