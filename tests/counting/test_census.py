"""The census off the meta device against the closed forms, and families that have none."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.candidates import AdapterShape
from paper_repro.counting.census import instantiated_census, read_census
from paper_repro.counting.explain import explain
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_formula
from paper_repro.errors import UserError
from tests.counting.real import CLASSES, tiny


def shapes(architecture: Architecture, part: str) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for g in getattr(architecture, part):
        found[g.name, g.tower, g.fan_in, g.fan_out, g.bias, g.kind] += g.copies
    return found


@pytest.mark.parametrize("family", sorted(CLASSES))
@pytest.mark.parametrize("tied", [True, False])
def test_both_ways_agree(family: str, tied: bool) -> None:
    config = tiny(family, tie_word_embeddings=tied)
    closed, real = architecture_of(config), instantiated_census(config)
    for part in ("linears", "others"):
        assert shapes(closed, part) == shapes(real, part)
    for field in ("vision", "language", "embedding", "head_tied", "language_names"):
        assert getattr(closed, field) == getattr(real, field)
    spec = LoraSpec(2, ("q_proj", "down_proj"))
    assert lora_formula(closed, spec) == lora_formula(real, spec)


def test_the_closed_form_is_preferred() -> None:
    assert read_census(tiny("llama")) == architecture_of(tiny("llama"))


GPT2 = {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 30}


def test_a_family_without_a_closed_form_is_explained_too() -> None:
    architecture = read_census(GPT2)
    assert architecture.language_names == ("c_attn", "c_proj", "c_fc")
    assert architecture.head_tied
    best = explain("1,024", None, architecture).matches[0]
    assert best.adapters == (AdapterShape(4, architecture.language_names),)


def test_a_family_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UserError, match="transformers"):
        read_census({"model_type": "no-such-family"})
