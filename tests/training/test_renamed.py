"""Adapters under the names that transformers 4 gave: every tensor arrives, or it is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from paper_repro.errors import UserError
from paper_repro.evaluation.loading import Wanted, load
from paper_repro.training.levels import put_on
from paper_repro.training.reload import outputs
from paper_repro.training.renamed import readable, todays
from paper_repro.training.soundness import refuse_lost
from tests.adapters import broken, changed, model_of, save_adapter, save_base, small_config
from tests.training.bench import adapter as an_adapter
from tests.training.runs import differences, run

NAMES = (
    ("visual.blocks.3.attn.qkv.lora_A.weight", "model.visual.blocks.3.attn.qkv.lora_A.weight"),
    (
        "model.layers.27.mlp.up_proj.lora_B.weight",
        "model.language_model.layers.27.mlp.up_proj.lora_B.weight",
    ),
    ("model.embed_tokens.lora_embedding_A", "model.language_model.embed_tokens.lora_embedding_A"),
)
PREFIX = "base_model.model."


def olden(name):
    name = name.replace(f"{PREFIX}model.language_model.", f"{PREFIX}model.")
    return name.replace(f"{PREFIX}model.visual.", f"{PREFIX}visual.")


def aged(adapter, folder):
    """A copy under the names of transformers 4."""
    return broken(adapter, folder, lambda found: {olden(n): t for n, t in found.items()})


@pytest.mark.parametrize(("old", "now"), NAMES)
def test_names(old, now):
    assert todays(PREFIX + old) == todays(PREFIX + now) == PREFIX + now
    assert todays(PREFIX * 2 + old) == PREFIX * 2 + old


@pytest.mark.parametrize("variant", ["stated", "notebook"])
def test_a_run_on_an_old_level_1_is_the_same_to_the_bit(small, tmp_path, variant):
    old = aged(small.level1 / "adapter", tmp_path / "old")
    settings = small.settings(variant=variant, max_steps=2)
    now = run(settings, tmp_path / "a")
    then = run(replace(settings, level1=str(old)), tmp_path / "b")
    assert differences(tmp_path / "a", tmp_path / "b") == []
    assert then.counts == now.counts and then.warnings[1:] == now.warnings
    count = len(load_file(old / "adapter_model.safetensors"))
    said = f"{count} tensors of the adapter in {old} bear names that transformers 4 gave them"
    assert then.warnings[0].startswith(said)


def test_an_old_adapter_answers_as_it_did(small, tmp_path):
    new = small.level1 / "adapter"
    names = [None, str(new), str(aged(new, tmp_path))]
    batch = {"input_ids": torch.arange(7, 27)[None]}
    bare, now, then = (
        outputs(load(Wanted("mini", str(small.base / "base"), adapter=name), "cpu").model, batch)
        for name in names
    )
    assert now.equal(then) and not now.equal(bare)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def everywhere(base, tmp_path_factory):
    """An adapter on the tower and on the language model."""
    modules = ["qkv", "fc1", "q_proj", "down_proj"]
    return save_adapter(tmp_path_factory.mktemp("new"), base, target_modules=modules)


def put(base, adapter, folder):
    from peft import PeftConfig

    found = PeftConfig.from_pretrained(adapter)
    lower = replace_modules(an_adapter("unified", found.r), found.target_modules)
    levels = put_on(model_of(base), "stack", [lower, an_adapter("spatial")], {lower.id: folder})
    return levels.earlier


def replace_modules(adapter, modules):
    return adapter.model_copy(update={"target_modules": tuple(modules)})


def test_tower_and_language_model_both_arrive(base, everywhere, tmp_path):
    old = aged(everywhere, tmp_path / "old")
    with readable(old, str(base), small_config()) as (place, said):
        assert place != old and len(said) == 1
        put_then = put(base, everywhere, place)
        refuse_lost(put_then, place)
    assert not place.exists()
    put_now = put(base, everywhere, everywhere)
    assert put_then.keys() == put_now.keys() and len(put_now) == 16
    assert all(put_then[name].equal(put_now[name]) for name in put_now)


def test_an_adapter_under_todays_names_is_read_where_it_is(base, everywhere):
    with readable(everywhere, str(base), small_config()) as (place, said):
        assert place == everywhere and said == ()


def test_a_tensor_that_is_put_on_with_other_numbers_is_named(base, everywhere):
    earlier = put(base, everywhere, everywhere)
    refuse_lost(earlier, everywhere)
    name = "model.visual.blocks.1.mlp.fc1.lora_B.weight"
    with torch.no_grad():
        earlier[name.replace("lora_B", "lora_B.unified")][0, 0] += 1
    with pytest.raises(UserError, match="1 tensors of the adapter") as error:
        refuse_lost(earlier, everywhere)
    assert error.value.got == name
    absent = {n: t for n, t in earlier.items() if "blocks.0" not in n}
    with pytest.raises(UserError, match="5 tensors"):
        refuse_lost(absent, everywhere)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: dict(list(found.items())[1:]), "missing"),
        (lambda found: {n.replace("layers.1.", "layers.7."): t for n, t in found.items()}, "have"),
        (changed("lora_B", torch.zeros_like), "changes nothing"),
    ],
)
def test_an_old_adapter_is_refused_for_what_else_is_wrong(base, everywhere, tmp_path, change, said):
    bad = broken(aged(everywhere, tmp_path / "old"), tmp_path / "bad", change)
    with pytest.raises(UserError) as error, readable(bad, str(base), small_config()):
        pass
    assert str(bad) in error.value.problem and said in error.value.problem


def test_old_names_that_stand_beside_todays_are_refused(base, everywhere, tmp_path):
    both = broken(
        everywhere,
        tmp_path,
        lambda found: {**found, **{olden(n): t.clone() for n, t in found.items()}},
    )
    with (
        pytest.raises(UserError, match="unexpected tensors"),
        readable(both, str(base), small_config()),
    ):
        pass


def test_a_run_does_not_start_on_a_level_1_that_did_not_arrive(small, tmp_path, monkeypatch):
    def careless(*given):
        levels = put_on(*given)
        with torch.no_grad():
            next(iter(levels.earlier.values())).mul_(2)
        return levels

    monkeypatch.setattr("paper_repro.training.prepare.put_on", careless)
    with pytest.raises(UserError, match="did not arrive"):
        run(small.settings(), tmp_path)
