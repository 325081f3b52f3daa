"""Counting a base with adapters, and the naive sum over 4-bit storage."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.count import count, nominal_size
from paper_repro.counting.families import architecture_of
from paper_repro.counting.instantiate import count_instantiated
from paper_repro.counting.lora import parse_lora
from paper_repro.errors import UserError
from tests.counting.real import tiny

HUB = "Qwen/Qwen2-VL-2B-Instruct"
LOWER = parse_lora("r=32,targets=q_proj+k_proj+v_proj+o_proj+gate_proj+up_proj+down_proj,frozen")
UPPER = parse_lora("r=16,targets=q_proj+k_proj+v_proj+o_proj")


def test_the_stack_that_the_prose_means() -> None:
    counted = count(resolve_base(HUB)[1], [LOWER, UPPER], name=HUB).to_json()
    assert counted["base"] == 2_208_985_600
    assert counted["trainable"] == 4_358_144
    assert counted["total"] == 2_208_985_600 + 36_929_536 + 4_358_144
    assert counted["percent_of_base"] == float(Fraction(435_814_400, 2_208_985_600))
    assert counted["percent_of_total"] == float(Fraction(435_814_400, counted["total"]))
    assert [adapter["parameters"] for adapter in counted["adapters"]] == [36_929_536, 4_358_144]
    assert [adapter["frozen"] for adapter in counted["adapters"]] == [True, False]
    assert counted["denominators"]["nominal"]["parameters"] == 2_000_000_000
    assert counted["quantized"] is None
    assert counted["evidence"] == "derived"
    assert json.loads(json.dumps(counted)) == counted


def test_json_types() -> None:
    counted = count(tiny("llama"), [UPPER]).to_json()
    assert {type(counted[key]) for key in ("base", "trainable", "total")} == {int}
    assert {type(counted[key]) for key in ("percent_of_base", "percent_of_total")} == {float}


def test_the_naive_sum_is_explained() -> None:
    counted = count(resolve_base(HUB)[1], [UPPER], "nf4")
    assert counted.naive_base == counted.wholes["packed-4bit"] == 1_222_275_584
    assert counted.naive_sum == 1_222_275_584 + 4_358_144
    assert counted.total == 2_213_343_744
    for number in ("1,222,275,584", "2,208,985,600", "1,226,633,728", "0.3553 %", "0.1969 %"):
        assert number in counted.naive_explanation
    assert counted.to_json()["quantized"]["naive_sum"] == counted.naive_sum


def test_a_census_counts_as_its_config() -> None:
    config = tiny("qwen2_vl")
    assert count(architecture_of(config), [UPPER], "nf4") == count(config, [UPPER], "nf4")


@pytest.mark.parametrize("quantize", [None, "nf4"])
@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "llama"])
def test_closed_form_and_real_peft_agree(family: str, quantize: str | None) -> None:
    config, loras = tiny(family), [LOWER, UPPER, parse_lora("r=2,targets=all-linear")]
    counted, real = count(config, loras, quantize), count_instantiated(config, loras, quantize)
    assert counted.base == real.base
    assert tuple(adapter.parameters for adapter in counted.adapters) == real.adapters
    assert counted.trainable == real.trainable
    assert counted.total == real.total
    if quantize:
        assert counted.naive_sum == real.stored


PHI: dict[str, Any] = {
    "model_type": "phi3",
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 56,
    "pad_token_id": 0,
}


def test_other_families_are_instantiated() -> None:
    counted = count(PHI, [parse_lora("r=2,targets=qkv_proj")], "nf4", name="Phi-3-4B")
    assert counted.evidence == "instantiated"
    assert counted.trainable == 2 * 2 * (24 + 3 * 24)
    linears = 2 * (24 * 72 + 24 * 24 + 24 * 80 + 40 * 24)
    assert counted.base == linears + 2 * 56 * 24 + 5 * 24
    assert counted.naive_base == counted.base - linears // 2
    assert counted.wholes["nominal"] == 4_000_000_000


def test_without_adapters_nothing_trains() -> None:
    counted = count(tiny("llama"), [])
    assert (counted.trainable, counted.total) == (0, counted.base)


def test_frozen_adapters_count_in_the_total_alone() -> None:
    counted = count(tiny("llama"), [LOWER])
    assert counted.trainable == 0
    assert counted.total - counted.base == counted.adapters[0].parameters > 0


def test_unknown_quantisation_is_refused() -> None:
    with pytest.raises(UserError, match="nf4"):
        count(tiny("llama"), [], "int3")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (HUB, 2_000_000_000),
        ("meta-llama/Llama-3.2-1B", 1_000_000_000),
        ("org/SmolLM-135M", 135_000_000),
        ("./models/Qwen2.5-0.5B/", 500_000_000),
        ("org/Mixtral-8x7B", None),
        ("org/Phi-3-mini", None),
        ("7B/tiny", None),
        ("", None),
    ],
)
def test_nominal_size_is_read_from_the_name(name: str, size: int | None) -> None:
    assert nominal_size(name) == size
