"""What a run leaves loads with plain PEFT, and is the model that was trained."""

from __future__ import annotations

import json
import signal

import pytest
import torch
from safetensors.torch import load_file

from paper_repro.data.processor import load_processor
from paper_repro.errors import UserError
from paper_repro.miniature import rows, settings
from paper_repro.miniature.config import fresh_base
from paper_repro.quiet import captured
from paper_repro.training import saving
from paper_repro.training.base import MINIATURE
from paper_repro.training.context import Options
from paper_repro.training.digest import base_digests
from paper_repro.training.levels import put_on
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from paper_repro.training.soundness import WEIGHTS, refuse_silent, refuse_unsound
from tests.training.bench import examples
from tests.training.runs import STUDY, Heard, go_on, run, saved, stopping

EXACT = 1e-5
"""Of logits near 1: PEFT's side-by-side matrices add up in another order."""


@pytest.fixture(scope="module")
def stacked(small, tmp_path_factory):
    """The folder of a finished stack, and the logits that the live model gave."""
    folder, live = tmp_path_factory.mktemp("stacked"), []
    save = saving.save_adapters

    def looked_at(levels, *others):
        live.append(logits(levels.model))
        save(levels, *others)
        live.append(logits(levels.model))
        assert list(levels.model.peft_config) == ["unified", "spatial"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paper_repro.training.level.save_adapters", looked_at)
        train(small.settings(learning_rate=3e-2), folder, Options())
    assert live[0].equal(live[1]), "saving changed the model"
    return folder, live[0]


def logits(model):
    batch = examples().batch([0, 1, 2])
    with captured(), torch.no_grad():
        return model.eval()(**batch, use_cache=False).logits


def bare(small):
    """The base as transformers loads it, which knows nothing of this package."""
    from transformers import Qwen2VLForConditionalGeneration

    with captured():
        return Qwen2VLForConditionalGeneration.from_pretrained(
            small.base / "base", dtype=torch.float32
        )


def on_bare(small, folder):
    from peft import PeftModel

    with captured() as said:
        model = PeftModel.from_pretrained(bare(small), folder)
    assert not [line for line in said if "missing" in line or "unexpected" in line.lower()]
    return model


def test_the_adapter_alone_is_the_whole_stack(small, stacked):
    folder, live = stacked
    model = on_bare(small, folder / "adapter")
    assert list(model.peft_config) == ["default"] and model.peft_config["default"].r == 48
    torch.testing.assert_close(logits(model), live, rtol=0, atol=EXACT)
    assert (logits(bare(small)) - live).abs().max() > 1000 * EXACT
    refuse_silent(model, folder / "adapter")


def test_the_parts_load_as_the_docs_show(small, stacked):
    from peft import PeftModel

    folder, live = stacked
    with captured():
        parts = folder / "parts"
        model = PeftModel.from_pretrained(bare(small), parts / "unified", adapter_name="unified")
        model.load_adapter(parts / "spatial-on-unified", adapter_name="spatial")
        model.base_model.set_adapter(["unified", "spatial"])
    assert {name: config.r for name, config in model.peft_config.items()} == {
        "unified": 32,
        "spatial": 16,
    }
    torch.testing.assert_close(logits(model), live, rtol=0, atol=EXACT)


def test_half_of_it_is_another_model(small, stacked):
    folder, live = stacked
    for part in ("unified", "spatial-on-unified"):
        half = logits(on_bare(small, folder / "parts" / part))
        assert (half - live).abs().max() > 100 * EXACT


def test_what_lay_below_was_not_touched(small, stacked):
    folder, _ = stacked
    record = read_record(folder)
    assert (record.base_changed, record.earlier_changed) == (0, 0)
    assert record.base_tensors == len(base_digests(bare(small)))
    assert record.hashes["base_before"] == record.hashes["base_after"]
    assert record.hashes["earlier_before"] == record.hashes["earlier_after"]
    assert record.hashes["newest_before"] != record.hashes["newest_after"]
    below = small.level1 / "adapter" / WEIGHTS
    assert record.earlier_tensors == len(load_file(below))
    assert (folder / "parts" / "unified" / WEIGHTS).read_bytes() == below.read_bytes()


def test_the_whole_is_sound_and_the_upper_part_alone_is_refused(small, stacked):
    folder, _ = stacked
    config = json.loads((small.base / "base" / "config.json").read_text())
    for place in (folder / "adapter", folder / "parts" / "unified"):
        refuse_unsound(place, str(small.base), config)
    with pytest.raises(UserError, match="one part of a stack") as error:
        refuse_unsound(folder / "parts" / "spatial-on-unified", str(small.base), config)
    assert error.value.next_command.endswith(f"--adapter {folder.resolve()}")


def test_what_the_notebooks_cells_save_is_refused(small, tmp_path):
    run(small.settings(2, "notebook", max_steps=1), tmp_path)
    config = json.loads((small.base / "base" / "config.json").read_text())
    with pytest.raises(UserError, match="refused"):
        refuse_unsound(tmp_path / "adapter", str(small.base), config)
    assert not (tmp_path / "parts").exists()


def test_one_adapter_stands_alone(small, tmp_path):
    run(small.settings(2, "seven-modules", max_steps=2), tmp_path)
    assert list(saved(tmp_path)) == ["adapter/adapter_model.safetensors"]
    assert on_bare(small, tmp_path / "adapter").peft_config["default"].r == 16


def test_a_base_is_saved_in_float16_with_its_processor(small):
    record = read_record(small.base)
    assert record.base_changed > 0 and record.counts["by_adapter"] == {}
    with captured():
        from transformers import Qwen2VLForConditionalGeneration

        model = Qwen2VLForConditionalGeneration.from_pretrained(small.base / "base")
    assert model.dtype == torch.float16
    text = "Point to the suction device."
    assert load_processor(small.base / "base").tokenizer(text)["input_ids"]


def stack_of():
    model, _ = fresh_base(0)
    adapters = [STUDY.adapter("unified"), STUDY.adapter("spatial-attention")]
    return put_on(model, "stack", adapters)


def test_saving_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    levels = stack_of()
    saving.save_adapters(levels, tmp_path, "some/base")
    before = saved(tmp_path)
    replace, moved = saving.os.replace, []

    def full(source, target):
        moved.append(target)
        if len(moved) == 3:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(saving.os, "replace", full)
    with pytest.raises(OSError):
        saving.save_adapters(levels, tmp_path, "some/base")
    assert saved(tmp_path) == before
    monkeypatch.undo()
    saving.save_adapters(levels, tmp_path, "some/base")
    assert saved(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "parts"]


def test_adapters_name_their_base(small, stacked, tmp_path):
    def named(folder):
        return json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]

    folder, _ = stacked
    for place in ("adapter", "parts/unified", "parts/spatial-on-unified"):
        assert named(folder / place) == str(small.base)
    saving.save_adapters(stack_of(), tmp_path, MINIATURE)
    for place in ("adapter", "parts/unified", "parts/spatial-on-unified"):
        assert named(tmp_path / place) == MINIATURE


def test_level_1_below_is_trained_first_and_once(small, tmp_path, monkeypatch):
    """Without ``--level1``: stopped in Level 1, the run goes on with it, then with Level 2."""
    monkeypatch.setattr(rows, "VIDEOS", {"train": range(1), "validation": range(1, 2)})
    short = settings.SETTINGS[1, ""] | {"max_steps": 2, "batch": 2}
    monkeypatch.setattr(settings, "SETTINGS", {**settings.SETTINGS, (1, ""): short})
    monkeypatch.setattr("paper_repro.training.recipes.SETTINGS", settings.SETTINGS)
    own = small.settings(level1="", max_steps=2)
    heard = stopping(1, lambda: signal.raise_signal(signal.SIGINT))
    record = train(own, tmp_path, Options(), heard)
    assert (record.status, record.said) == ("interrupted", "Level 1: SIGINT after step 1 of 2")
    assert read_record(tmp_path / "level1").status == "interrupted"
    assert not (tmp_path / "checkpoints").exists()
    heard = Heard(lambda step: len(heard.steps) == 2 and signal.raise_signal(signal.SIGTERM))
    assert go_on(tmp_path, heard).said == "SIGTERM after step 1 of 2"
    assert go_on(tmp_path, heard).status == "finished"
    assert [(step.step, step.steps) for step in heard.steps] == [(2, 2), (1, 2), (2, 2)]
    below = read_record(tmp_path / "level1")
    assert (below.status, below.resumed_at) == ("finished", [1])
    part, own = tmp_path / "parts" / "unified", tmp_path / "level1" / "adapter"
    assert (part / WEIGHTS).read_bytes() == (own / WEIGHTS).read_bytes()
