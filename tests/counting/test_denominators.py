"""Denominators, the packed one against bitsandbytes itself."""

from __future__ import annotations

from fractions import Fraction

import bitsandbytes
import pytest
import torch
from transformers import BitsAndBytesConfig
from transformers.integrations import replace_with_bnb_linear
from transformers.quantizers.base import get_keys_to_not_convert

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.denominators import LABELS, denominators, packed_parameters, percent
from paper_repro.counting.families import architecture_of
from tests.counting.real import build, tiny

BASE = architecture_of(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])


def test_denominators_of_the_study() -> None:
    assert denominators(BASE, 4_358_144, 2_050_000_000, 2_000_000_000) == {
        "base": 2_208_985_600,
        "total": 2_213_343_744,
        "document": 2_050_000_000,
        "nominal": 2_000_000_000,
        "non-embedding": 2_208_985_600 - 151_936 * 1_536,
        "language": 1_543_714_304,
        "packed-4bit": packed_parameters(BASE),
    }


def test_unknown_denominators_are_left_out() -> None:
    assert list(denominators(BASE, 0)) == [id for id in LABELS if id not in ("document", "nominal")]


def test_an_untied_head_is_an_embedding_too() -> None:
    config = tiny("llama", tie_word_embeddings=False)
    ends = 2 * config["vocab_size"] * config["hidden_size"]
    architecture = architecture_of(config)
    assert denominators(architecture, 0)["non-embedding"] == architecture.parameters - ends


ODD = {"hidden_size": 9, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 2}


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("qwen2_vl", {}),
        ("qwen2_5_vl", {}),
        ("llama", {**ODD, "intermediate_size": 7}),  # 9 × 7 weights take 32 bytes
    ],
)
@pytest.mark.parametrize("tied", [True, False])
def test_packed_is_what_bitsandbytes_stores(
    family: str, changes: dict[str, int], tied: bool
) -> None:
    config = tiny(family, tie_word_embeddings=tied, **changes)
    model = build(config, "cpu")
    replaced = replace_with_bnb_linear(
        model,
        modules_to_not_convert=get_keys_to_not_convert(model),
        quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    )
    for module in replaced.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            weights = bitsandbytes.nn.Params4bit(
                torch.ones(module.out_features, module.in_features), requires_grad=False
            )
            module.weight = weights.to("cpu")
    stored = sum(parameter.numel() for parameter in replaced.parameters())
    assert packed_parameters(architecture_of(config)) == stored


def test_percent_is_exact() -> None:
    assert percent(1, 3) == Fraction(100, 3)
    assert percent(18_464_768, 2_050_000_000) > Fraction(9, 10)
