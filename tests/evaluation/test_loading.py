"""What a run trained is loaded with its base, and asked about its own data."""

from __future__ import annotations

import shutil

import pytest

from paper_repro.errors import UserError
from paper_repro.evaluation.generate import ask
from paper_repro.evaluation.loading import MINIATURE, Wanted, choose_device, load
from paper_repro.evaluation.runs import of_run, run_of
from tests.evaluation import talker


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return talker.save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def run(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    data = talker.save_rows(folder / "data", 9)
    return talker.save_run(folder, base, data=str(data))


def test_a_runs_adapter_is_put_on_its_base(run, base):
    assert run_of(run / "adapter") == run and run_of(base) is None
    loaded = load(of_run(run), "cpu")
    assert loaded.wanted == Wanted("mini", str(base), adapter=str(run / "adapter"))
    assert (loaded.device, loaded.precision) == ("cpu", "float32")
    assert loaded.note == MINIATURE
    assert type(loaded.model).__name__.startswith("Peft")
    row = talker.rows(1)[0]
    assert ask(loaded, row.image, row.question) == row.answer


def test_the_adapter_matters(base, tmp_path):
    loud = load(of_run(talker.save_run(tmp_path, base, std=3.0)), "cpu")
    row = talker.rows(1)[0]
    assert ask(loud, row.image, row.question) != row.answer


def test_level_0_is_a_base_of_its_own(base, tmp_path):
    shutil.copytree(base, tmp_path / "base")
    talker.write_settings(tmp_path, size="mini", level=0)
    loaded = load(of_run(tmp_path), "cpu")
    assert loaded.wanted.adapter is None
    row = talker.rows(1)[0]
    assert ask(loaded, row.image, row.question) == row.answer


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UserError, match=r"record.json cannot be read"):
        of_run(tmp_path)
    talker.write_settings(tmp_path, size="mini", level=2)
    with pytest.raises(UserError, match="neither adapter nor base"):
        of_run(tmp_path)


def test_an_adapter_that_changes_nothing_is_refused_before_the_base_is_read(base, tmp_path):
    run = talker.save_run(tmp_path / "run", base, std=0.0)
    headless = shutil.copytree(base, tmp_path / "base")
    (headless / "model.safetensors").unlink()
    with pytest.raises(UserError, match="changes nothing"):
        load(Wanted("mini", str(headless), adapter=str(run / "adapter")), "cpu")


@pytest.mark.parametrize("gone", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_incomplete_base_is_named(base, tmp_path, gone):
    folder = shutil.copytree(base, tmp_path / "base")
    (folder / gone).unlink()
    with pytest.raises(UserError) as error:
        load(Wanted("mini", str(folder)), "cpu")
    assert str(folder) in error.value.problem or str(folder) in error.value.got


def test_offline_the_missing_weights_are_named(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="not in the hub's cache"):
        load(Wanted("full", "some-org/some-model-nobody-has"), "cpu")


def test_devices():
    assert choose_device("cpu") == "cpu" and choose_device(None) in ("cpu", "cuda")
    with pytest.raises(UserError, match="no device 'tpu'"):
        choose_device("tpu")
