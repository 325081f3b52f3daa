"""Saved and loaded again: the notebook's folder does nothing, a proper stack does everything."""

from __future__ import annotations

import pytest

from paper_repro.training.levels import put_on
from paper_repro.training.observe import observe
from paper_repro.training.reload import load_on, outputs, save, saved_in


def trained(level_2, batches, procedure, precision="float32"):
    levels = level_2(procedure, precision)
    observe(levels, batches, "adamw_torch", 1e-3)
    return levels


def test_the_notebooks_folder_loads_to_no_effect(bases, level_2, batches, tmp_path):
    folder = save(trained(level_2, batches, "second-wrap"), tmp_path)
    bare = outputs(bases.fresh("float32"), batches[0])
    loaded = load_on(bases.fresh("float32"), folder, batches[0])
    assert loaded.outputs.equal(bare)
    assert (loaded.in_file, loaded.matched, loaded.warned) == (56, 0, True)


def test_its_keys_are_prefixed_twice_and_mending_them_has_an_effect(
    bases, level_2, batches, tmp_path
):
    from safetensors.torch import load_file, save_file

    folder = save(trained(level_2, batches, "second-wrap"), tmp_path)
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    twice = "base_model.model." * 2
    assert all(name.startswith(twice) for name in tensors)
    mended = {name.removeprefix("base_model.model."): t for name, t in tensors.items()}
    save_file({n: t for n, t in mended.items() if "mlp" not in n}, file)
    loaded = load_on(bases.fresh("float32"), folder, batches[0])
    assert (loaded.in_file, loaded.matched) == (32, 32)
    assert not loaded.outputs.equal(outputs(bases.fresh("float32"), batches[0]))


@pytest.mark.parametrize("precision", ["float32", "NF4"])
def test_a_stack_with_names_reloads_exactly(bases, level_2, batches, adapters, tmp_path, precision):
    levels = trained(level_2, batches, "stack", precision)
    before = outputs(levels.model, batches[0])
    last = save(levels, tmp_path)
    stack = [adapters["unified"], adapters["spatial-attention"]]
    saved = {adapter.id: saved_in(tmp_path, adapter.name) for adapter in stack}
    again = put_on(bases.fresh(precision), "stack", stack, saved)
    assert outputs(again.model, batches[0]).equal(before)
    half = load_on(bases.fresh(precision), last, batches[0])
    assert half.matched == half.in_file == 32 and not half.warned
    assert not half.outputs.equal(before)
    assert not half.outputs.equal(outputs(bases.fresh(precision), batches[0]))
