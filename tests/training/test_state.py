"""A run that is saved and loaded goes on to the last bit, and a foreign state is refused."""

from __future__ import annotations

import pytest

from paper_repro.errors import UserError
from paper_repro.training.order import Plan
from paper_repro.training.step import start
from tests.training.bench import LAYERS, begun, run, same_bits, same_state, stack, through_files

PLAN = Plan(9, batch=1, accumulation=3, epochs=2, seed=2)


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_8bit", "paged_adamw_8bit"])
@pytest.mark.parametrize("at", [3, 4])
def test_a_resumed_run_is_the_same_to_the_last_bit(optimizer, at, tmp_path):
    """In the middle of an epoch and at its end, under dropout, through files."""
    whole = begun(optimizer)
    losses = run(whole, 6, plan=PLAN)
    first = begun(optimizer)
    assert run(first, at, plan=PLAN) == losses[:at]
    saved = through_files(first.state(), tmp_path)
    second = begun(optimizer, stir=True)
    second.load_state(*saved)
    assert run(second, 6, plan=PLAN) == losses[at:]
    assert same_state(second, whole) and same_bits(frozen(second), frozen(whole))


def frozen(training):
    return {n: t for n, t in training.model.named_parameters() if not t.requires_grad}


def test_a_state_holds_what_is_trained_and_the_optimizers_entries_in_eight_bits():
    import torch

    training = begun("adamw_8bit")
    run(training, 2)
    tensors, numbers = training.state()
    names = list(training.trained)
    assert len(names) == LAYERS * 4 * 2 and all("spatial" in name for name in names)
    assert {name for name in tensors if name.startswith("model/")} == {f"model/{n}" for n in names}
    kinds = {name.rpartition("/")[2] for name in tensors if name.startswith("optimizer/")}
    assert kinds == {"state1", "state2", "absmax1", "absmax2"}
    assert any(tensor.dtype is torch.uint8 for tensor in tensors.values())
    assert numbers["steps"] == 2 and numbers["scaler"] == {}
    assert numbers["optimizer"] == {f"{name}/step": 2 for name in names}


def test_a_state_shares_nothing_with_the_run(tmp_path):
    training = begun()
    run(training, 2)
    tensors, numbers = training.state()
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    run(training, 3)
    assert same_bits(tensors, before) and numbers["steps"] == 2
    other = begun()
    other.load_state(tensors, numbers)
    run(other, 3)
    assert same_bits(tensors, before) and same_state(other, training)


def test_the_state_of_other_adapters_is_refused():
    small, other = (start(stack(names), "adamw_torch", 1e-3) for names in (["lone"], ["sole"]))
    with pytest.raises(UserError) as caught:
        other.load_state(*small.state())
    assert caught.value.expected == f"{LAYERS * 8} trained tensors"
    assert f"{LAYERS * 8}, among them" in caught.value.got and "lora_A.lone" in caught.value.got


def test_the_state_of_another_rank_is_refused():
    small, large = (start(stack(r=r), "adamw_torch", 1e-3) for r in (4, 8))
    with pytest.raises(UserError) as caught:
        large.load_state(*small.state())
    assert "lora_A.spatial.weight: (8, 128)" in caught.value.expected
    assert caught.value.got == "(4, 128) torch.float32"
