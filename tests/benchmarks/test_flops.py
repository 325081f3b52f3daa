"""Useful operations: by hand, as torch counts them in the package's own decoder, and how they
grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed.flops import (
    ATTENTION,
    Lora,
    Shape,
    attention_flops,
    head_flops,
    linear_flops,
    shape_of,
    useful,
)
from benchmarks.speed.inputs import loras
from paper_repro.hardware.flops import language_attention
from paper_repro.miniature.config import CONFIG
from paper_repro.study import load_study

SMALL = Shape(width=4, inner=6, layers=2, heads=2, key_heads=1, words=10)
Q_AND_DOWN = ("q_proj", "down_proj")


def test_linear_layers_of_a_small_model_by_hand():
    attention, late = 4 * 4 + 4 * 2 + 4 * 2, 4 * 4 + 3 * 4 * 6
    first = 3 * 2 * attention + 3 * 4 * late  # its input needs no gradient
    last = 3 * 4 * attention + 1 * 4 * late  # one of three tokens is scored
    assert linear_flops(SMALL, (), tokens=3, scored=1) == first + last


def test_adapters_of_a_small_model_by_hand():
    bare = linear_flops(SMALL, (), 3, 1)
    frozen, trained = (linear_flops(SMALL, [Lora(2, Q_AND_DOWN, t)], 3, 1) for t in (False, True))
    q, down = 2 * 4 + 2 * 4, 2 * 6 + 2 * 4
    assert frozen - bare == 3 * (2 * q + 4 * q) + 3 * 4 * down + 1 * 4 * down
    in_first = 3 * (2 * 2 * (2 * 4) + 2 * 3 * (2 * 4))  # A has no input gradient, B has all three
    assert trained - bare == in_first + 3 * 6 * q + 3 * 6 * down + 1 * 6 * down


def test_attention_and_head_of_a_small_model_by_hand():
    assert attention_flops(SMALL, 5) == 2 * 4 * 2 * 25 * 3.5
    assert head_flops(SMALL, 3) == 4 * 4 * 10 * 3
    alone = [linear_flops(SMALL, (), *row) for row in ((5, 2), (3, 1))]
    scored = head_flops(SMALL, 3) + attention_flops(SMALL, 5) + attention_flops(SMALL, 3)
    assert useful(SMALL, (), [(5, 2), (3, 1)]) == sum(alone) + scored


def test_torch_counts_the_same_products_in_the_package_s_decoder():
    """With adapters one by one, as ``one-product`` multiplies zeros too; on a CPU torch's counter
    leaves attention out."""
    from torch.utils.flop_counter import FlopCounterMode

    from paper_repro.engine.engine import engine
    from tests.training.bench import ATTENTION as MODULES
    from tests.training.bench import kept, stack

    batch = kept().batch([0])
    tokens, scored = batch["input_ids"].shape[1], int((batch["labels"][:, 1:] != -100).sum())
    own = engine(stack(r=4), without=["one-product"])
    with FlopCounterMode(display=False) as counter:
        own.loss(batch).backward()
    adapters = [Lora(4, MODULES, False), Lora(4, MODULES, True)]
    shape = shape_of(CONFIG)
    expected = linear_flops(shape, adapters, tokens, scored) + head_flops(shape, scored)
    assert counter.get_total_flops() == expected


def test_causal_attention_is_that_of_the_hours_page():
    config = load_study().configs["qwen2-vl-2b"]
    assert attention_flops(shape_of(config), 141) == ATTENTION * language_attention(config, 141)


def test_adapters_are_those_of_the_study_the_last_one_trained():
    below, last = loras()
    assert (below.rank, len(below.modules), below.trained) == (32, 7, False)
    assert (last.rank, set(last.modules)) == (16, {"q_proj", "k_proj", "v_proj", "o_proj"})
    assert last.trained


@given(st.integers(1, 999), st.integers(0, 99), st.integers(1, 50), st.booleans())
def test_more_tokens_are_never_fewer_operations(tokens, more, scored, all_of_them):
    scored = min(scored, tokens)
    more_scored = scored + more if all_of_them else scored
    shape = shape_of(CONFIG)
    some = useful(shape, loras(), [(tokens, scored)])
    others = useful(shape, loras(), [(tokens + more, more_scored)])
    assert others > some if more else others == some


@pytest.mark.parametrize("what", ["rank", "trained"])
def test_more_of_an_adapter_costs_more(what):
    adapter = Lora(8, Q_AND_DOWN, False)
    other = adapter._replace(**{what: 16 if what == "rank" else True})
    assert linear_flops(SMALL, [other], 7, 3) > linear_flops(SMALL, [adapter], 7, 3)
