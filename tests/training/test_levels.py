"""The three procedures: which weights are trainable after each step, at true size and small."""

from __future__ import annotations

import pytest

from paper_repro.counting.build import as_nf4, meta_model
from paper_repro.counting.instantiate import weights
from paper_repro.study import load_study
from paper_repro.training.levels import (
    adapter_tensors,
    base_parameters,
    canonical,
    put_on,
    trainable,
)

STUDY = load_study()


def true_size(variant_id, *, nf4=False):
    variant = STUDY.variant(variant_id)
    base = meta_model(STUDY.configs[STUDY.base(variant).id])
    return put_on(as_nf4(base) if nf4 else base, variant.procedure, STUDY.stack(variant))


@pytest.mark.parametrize("nf4", [False, True])
def test_the_notebooks_cells_at_true_size(nf4):
    levels = true_size("notebook", nf4=nf4)
    assert [step.trainable for step in levels.trail] == [36_929_536, 0, 32_571_392]
    assert any("for a second time" in message for message in levels.said)
    assert any("Already found a `peft_config`" in message for message in levels.said)
    kept = {name.split(".")[-4] for name in levels.earlier_alive}
    assert kept == {"gate_proj", "up_proj", "down_proj"}
    assert sum(weights(tensor) for tensor in levels.newest.values()) == 4_358_144
    assert not levels.last_is_new


def test_the_stack_of_the_prose_at_true_size():
    levels = true_size("stated")
    assert levels.trail[-1].trainable == trainable(levels.model) == 4_358_144
    assert sum(weights(tensor) for tensor in levels.earlier_alive.values()) == 36_929_536
    assert not any(tensor.requires_grad for tensor in levels.earlier.values())
    assert all(tensor.requires_grad for tensor in levels.newest.values())
    assert levels.model.base_model.active_adapters == ["unified", "spatial"]
    assert levels.last_is_new


def test_the_older_script_at_true_size():
    levels = true_size("seven-modules", nf4=True)
    assert [step.trainable for step in levels.trail] == [0, 18_464_768]
    assert not levels.earlier and levels.last_is_new


@pytest.mark.parametrize("procedure", ["stack", "second-wrap"])
def test_level_1_arrives_as_it_was_saved(level_2, level_1, procedure):
    from safetensors.torch import load_file

    file = load_file(level_1 / "adapter_model.safetensors")
    levels = level_2(procedure)
    assert len(file) == len(levels.earlier) == 56
    for name, tensor in file.items():
        stem, last = canonical(name).rsplit(".", 1)
        loaded = next(levels.earlier[n] for n in levels.earlier if n.startswith(f"{stem}."))
        assert last == "weight" and loaded.equal(tensor) and tensor.any()


def test_the_second_wrap_starts_its_four_modules_afresh(level_2):
    levels = level_2("second-wrap")
    fresh = [tensor for name, tensor in levels.newest.items() if "lora_B" in name]
    assert len(fresh) == 16 and not any(tensor.any() for tensor in fresh)
    assert {tensor.shape[0] for n, tensor in levels.newest.items() if "lora_A" in n} == {16}


@pytest.mark.parametrize("procedure", ["stack", "second-wrap"])
def test_names_do_not_depend_on_how_often_a_base_is_wrapped(bases, level_2, procedure):
    bare = dict(bases.fresh("float32").named_parameters())
    levels = level_2(procedure)
    assert base_parameters(levels.model).keys() == bare.keys()
    assert not any("base_model" in name for name in adapter_tensors(levels.model))


def test_nothing_reaches_the_terminal(level_2, capfd):
    level_2("second-wrap", "NF4")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("procedure", ["single", "side-by-side"])
def test_an_impossible_procedure_is_refused(bases, adapters, procedure):
    stack = [adapters["unified"], adapters["spatial-attention"]]
    with pytest.raises(ValueError, match=f"got '{procedure}' with 2"):
        put_on(bases.fresh("float32"), procedure, stack)
