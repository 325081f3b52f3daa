"""Real steps on the miniature: what moves, what does not, and that a thaw is seen."""

from __future__ import annotations

import pytest

from paper_repro.training.bases import forked_rng
from paper_repro.training.digest import changed, sha256
from paper_repro.training.observe import observe

RATE = 2e-5


def seen_after(levels, batches, optimizer="paged_adamw_8bit"):
    import torch

    with forked_rng():
        torch.manual_seed(6)
        return observe(levels, batches, optimizer, RATE)


@pytest.mark.parametrize("precision", ["float32", "NF4"])
def test_the_second_wrap_keeps_training_level_1(level_2, batches, precision):
    seen = seen_after(level_2("second-wrap", precision), batches)
    assert not seen.base_changed and seen.base_trainable == 0
    assert (seen.earlier, len(seen.earlier_replaced), len(seen.earlier_changed)) == (56, 32, 56)
    assert seen.earlier_trainable
    assert len(seen.newest_changed) == seen.newest == 32
    assert {name.split(".")[-4] for name in seen.earlier_replaced} == {
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
    }


@pytest.mark.parametrize("precision", ["float32", "NF4"])
def test_the_stack_moves_the_new_adapter_alone(level_2, batches, precision):
    seen = seen_after(level_2("stack", precision), batches)
    assert not seen.base_changed and not seen.earlier_changed and not seen.earlier_trainable
    assert len(seen.newest_changed) == seen.newest == 32
    assert seen.base == (304 if precision == "NF4" else 94)


def test_one_thawed_base_tensor_is_seen(level_2, batches):
    levels = level_2("stack")
    thawed = "model.language_model.layers.2.input_layernorm.weight"
    tensor = next(t for n, t in levels.model.named_parameters() if n.endswith(thawed))
    tensor.requires_grad = True
    seen = seen_after(levels, batches)
    assert seen.base_changed == (thawed,)
    assert seen.base_trainable == 128


def test_one_thawed_level_1_tensor_is_seen(level_2, batches):
    levels = level_2("stack")
    name, tensor = next(iter(levels.earlier.items()))
    tensor.requires_grad = True
    seen = seen_after(levels, batches)
    assert seen.earlier_changed == (name,) and seen.earlier_trainable


def test_the_same_seeds_give_the_same_bytes(level_2, batches):
    first = seen_after(level_2("stack"), batches)
    again = seen_after(level_2("stack"), batches)
    assert first.losses == again.losses and not changed(first.after, again.after)
    other = seen_after(level_2("stack"), batches[:2])
    assert len(changed(first.after, other.after)) == 32


def test_a_loss_that_is_no_number_is_an_error(level_2, batches):
    import torch

    levels = level_2("stack")
    with torch.no_grad():
        next(iter(levels.newest.values())).fill_(float("nan"))
    with pytest.raises(ArithmeticError, match="finite"):
        seen_after(levels, batches)


def test_an_unknown_optimizer_is_refused(level_2, batches):
    with pytest.raises(ValueError, match=r"expected one of adamw_torch, .* got 'sgd'"):
        seen_after(level_2("stack"), batches, "sgd")


def test_a_digest_tells_type_shape_and_every_bit_apart():
    import torch

    zeros = torch.zeros(4, 2)
    flipped = zeros.clone()
    flipped[3, 1] = -0.0
    others = [flipped, zeros.reshape(2, 4), zeros.int(), zeros.bfloat16(), zeros.t()]
    assert len({sha256(tensor) for tensor in [zeros, *others[:4]]}) == 5
    assert sha256(flipped.t().contiguous().t()) == sha256(flipped)
    assert changed({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b", "c"]
