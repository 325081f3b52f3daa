"""Trainings that others timed on a T4, and in which type a roofline holds their time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paper_repro.hardware.estimate import SLACK
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.published import (
    CARD,
    TYPES,
    Published,
    contained_in,
    faster,
    published,
    roofline,
)
from paper_repro.hardware.words import ends

T4 = gpus()[CARD]
ONE = Published(
    "one", 4, 2, 4, 11, 44.0, "by hand", "nowhere", tokens=1000, weights=1e9, assumed="all"
)


def named(model):
    return next(one for one in published() if one.model.startswith(model))


def test_there_are_eight_with_what_is_needed_to_read_them():
    assert len(published()) == len({one.model for one in published()}) == 8
    for one in published():
        low, high = ends(one.seconds)
        assert 0 < low <= high and one.bits in (4, 16)
        assert (one.tokens is None) == (one.weights == 0)
        assert one.trainer and ("github.com" in one.source or "model card" in one.source)
        assert "T4" in T4.name and not T4.bf16


def test_tokens_are_never_given_without_what_is_assumed():
    known = [one for one in published() if one.tokens is not None]
    assert [one.model for one in known] == ["Gemma-2B, packed", "Qwen3-14B"]
    assert all(one.assumed for one in known)
    assert not any(one.assumed or one.at_most for one in published() if one not in known)


def test_none_is_of_the_papers_model():
    assert not any("Qwen2-VL-2B" in one.model for one in published())


@pytest.mark.parametrize(("bf16", "rate"), [(False, T4.sustained), (True, T4.emulated)])
def test_a_roofline_is_six_flop_a_token_and_weight_by_hand(bf16, rate):
    low, high = ends(roofline(ONE, T4, bf16))
    assert low == pytest.approx(6e12 / rate) and high == pytest.approx(SLACK * 6e12 / rate)


def test_seconds_of_a_sample_are_those_of_all_steps_and_of_all_but_the_first():
    """44 s over 11 updates of 8 samples; 24 s by the bar, over 10 of them."""
    assert ends(ONE.seconds) == (0.5, 0.5)
    assert ends(replace(ONE, bar_seconds=24.0).seconds) == pytest.approx((0.3, 0.5))
    assert ends(named("Qwen2-VL-7B").seconds) == pytest.approx((1.12, 1.31), abs=5e-3)


def test_fewer_tokens_may_cost_nothing():
    fewer = roofline(replace(ONE, at_most=True), T4, False)
    assert ends(fewer) == (0, ends(roofline(ONE, T4, False))[1])
    assert roofline(replace(ONE, tokens=None), T4, False) is None


@pytest.mark.parametrize(
    ("low", "high", "held"),
    [(0.2, 0.2, []), (0.25, 0.5, ["float16"]), (0.4, 0.6, []), (2.7, 5.3, ["bfloat16"])],
)
def test_a_time_is_held_where_all_of_it_lies_inside(low, high, held):
    timed = replace(ONE, runtime_seconds=88 * high, bar_seconds=80 * low)
    assert contained_in(timed, T4) == held


def test_gemmas_time_is_of_float16_and_the_fourteen_billions_of_bfloat16():
    assert contained_in(named("Gemma-2B"), T4) == ["float16"]
    assert contained_in(named("Qwen3-14B"), T4) == ["bfloat16"]
    assert contained_in(named("Llama"), T4) is None
    assert list(TYPES) == ["float16", "bfloat16"]


def test_gemmas_time_rests_on_the_assumed_tokens():
    assert contained_in(replace(named("Gemma-2B"), tokens=1024), T4) == []


def test_unsloths_own_ratio_has_a_source():
    assert 1 < faster().low < faster().high and "github.com" in faster().source
