"""LoRA counts against the real PEFT, and how adapters are read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import (
    LoraSpec,
    lora_formula,
    lora_parameters,
    parse_lora,
    second_wrap,
    second_wrap_formula,
    second_wrap_parameters,
)
from paper_repro.errors import UserError
from tests.counting.real import build, tiny

# PEFT asks transformers for an attribute under its old name
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")

BASE = architecture_of(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])
QKVO = ("q_proj", "k_proj", "v_proj", "o_proj")
SEVEN = (*QKVO, "gate_proj", "up_proj", "down_proj")
ALL = ("all-linear",)


def peft_config(spec: LoraSpec) -> LoraConfig:
    modules: Any = "all-linear" if spec.targets == ALL else list(spec.targets)
    return LoraConfig(r=spec.r, target_modules=modules)


def trainable(model: Any) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        (LoraSpec(16, QKVO), 4_358_144),
        (LoraSpec(16, SEVEN), 18_464_768),
        (LoraSpec(32, SEVEN), 36_929_536),
        (LoraSpec(32, ("q_proj", "v_proj")), 4_358_144),
    ],
)
def test_counts_of_the_study(spec: LoraSpec, count: int) -> None:
    assert lora_parameters(BASE, spec) == count
    assert lora_formula(BASE, spec).endswith(f" = {count:,}")


def test_second_wrap_of_the_notebook() -> None:
    lower, upper = LoraSpec(32, SEVEN), LoraSpec(16, QKVO)
    assert second_wrap_parameters(BASE, lower, upper) == 32_571_392
    new, kept = second_wrap(BASE, lower, upper)
    assert (new.r, new.names) == (16, QKVO)
    assert (kept.r, kept.names) == (32, ("gate_proj", "up_proj", "down_proj"))
    assert second_wrap_formula(BASE, lower, upper).endswith("= 28,213,248) = 32,571,392")


def test_formula_names_its_terms() -> None:
    assert lora_formula(BASE, LoraSpec(16, QKVO)) == (
        "r 16 × 28 layers × (q_proj 1,536+1,536 + k_proj 1,536+256 + v_proj 1,536+256 "
        "+ o_proj 1,536+1,536) = 4,358,144"
    )


@pytest.mark.parametrize("targets", [SEVEN, ALL, ("qkv", "q_proj", "mlp.2")], ids="+".join)
def test_formula_adds_up(targets: tuple[str, ...]) -> None:
    left, _, right = lora_formula(BASE, LoraSpec(5, targets)).partition(" = ")
    names = r"[a-z][a-z_]*(?:\d|\.\d)? (?=\d)|layers?"
    sum_ = re.sub(names, "", left.replace(",", "")).translate(str.maketrans("×[]", "*()"))
    assert eval(sum_) == int(right.replace(",", "")), sum_


TARGETS = [
    QKVO,
    SEVEN,
    ALL,
    ("gate_proj",),
    ("qkv", "q_proj"),
    ("attn.proj",),
    ("proj",),
    ("merger.mlp.0", "mlp.2"),
    ("embed_tokens",),
    ("lm_head", "q_proj"),
    ("1.self_attn.q_proj",),
    ("layers.0.self_attn.q_proj", "q_proj"),
    ("model.language_model.layers.1.mlp.up_proj", "k_proj"),
]


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl"])
@pytest.mark.parametrize("targets", TARGETS, ids="+".join)
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
@pytest.mark.filterwarnings("ignore:Model with `tie_word_embeddings=True`")
def test_counts_are_those_of_peft(family: str, targets: tuple[str, ...]) -> None:
    config = tiny(family, tie_word_embeddings="lm_head" not in targets)
    spec = LoraSpec(3, targets)
    model = get_peft_model(build(config), peft_config(spec))
    assert lora_parameters(architecture_of(config), spec) == trainable(model)


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "gemma"])
@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), ALL], ids="+".join)
def test_text_families_are_those_of_peft(family: str, targets: tuple[str, ...]) -> None:
    config, spec = tiny(family), LoraSpec(2, targets)
    model = get_peft_model(build(config), peft_config(spec))
    assert lora_parameters(architecture_of(config), spec) == trainable(model)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        (LoraSpec(4, SEVEN), LoraSpec(2, QKVO)),
        (LoraSpec(4, QKVO), LoraSpec(2, SEVEN)),
        (LoraSpec(4, ALL), LoraSpec(2, QKVO)),
        (LoraSpec(4, SEVEN), LoraSpec(2, ("0.self_attn.q_proj", "up_proj"))),
        (LoraSpec(4, QKVO), LoraSpec(2, QKVO)),
    ],
)
@pytest.mark.filterwarnings("ignore:You are trying to modify a model with PEFT for a second time")
@pytest.mark.filterwarnings("ignore:Already found a `peft_config` attribute")
@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl"])
def test_second_wrap_is_that_of_peft(family: str, lower: LoraSpec, upper: LoraSpec) -> None:
    config = tiny(family)
    first = get_peft_model(build(config), peft_config(lower))
    model = get_peft_model(first, peft_config(upper))
    left = sum(p.numel() for name, p in model.named_parameters() if ".lora_" in name)
    assert second_wrap_parameters(architecture_of(config), lower, upper) == left


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("r=16,targets=q_proj+v_proj", LoraSpec(16, ("q_proj", "v_proj"))),
        (" r = 8 , targets = q_proj , frozen ", LoraSpec(8, ("q_proj",), True)),
        ("targets=All-Linear,r=4", LoraSpec(4, ALL)),
        ("r=4,targets=q_proj+q_proj", LoraSpec(4, ("q_proj",))),
    ],
)
def test_adapters_are_read(text: str, spec: LoraSpec) -> None:
    assert parse_lora(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r=16",
        "targets=q_proj",
        "r=0,targets=q_proj",
        "r=-1,targets=q_proj",
        "r=1.5,targets=q_proj",
        "r=1_6,targets=q_proj",
        "r=²,targets=q_proj",
        "r=99999999,targets=q_proj",
        "r=16,targets=",
        "r=16,targets=q_proj+",
        "r=16,r=8,targets=q_proj",
        "r=16,targets=q_proj,alpha=32",
        "r=16,targets=q_proj,frozen=no",
    ],
)
def test_other_adapters_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="r=16,targets=q_proj"):
        parse_lora(text)


@settings(max_examples=200, derandomize=True)
@given(st.text(st.sampled_from("r=16,targets+q_proj frozen-é"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        spec = parse_lora(text)
    except UserError:
        return
    assert spec.r > 0 and all(spec.targets)


@settings(derandomize=True)
@given(
    st.integers(1, 999_999),
    st.lists(st.sampled_from(SEVEN), min_size=1, unique=True),
    st.booleans(),
)
def test_what_is_written_is_read_back(r: int, targets: list[str], frozen: bool) -> None:
    text = f"r={r},targets={'+'.join(targets)}{',frozen' * frozen}"
    assert parse_lora(text) == LoraSpec(r, tuple(targets), frozen)


@pytest.mark.parametrize(
    "name", ["qproj", "0", "self_attn", "all-linear ", "layers.28.mlp.up_proj"]
)
def test_a_name_that_matches_no_layer_lists_those_that_exist(name: str) -> None:
    with pytest.raises(UserError, match=r"q_proj.*lm_head"):
        lora_parameters(BASE, LoraSpec(16, ("q_proj", name)))
