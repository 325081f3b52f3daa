"""Closed forms against the real classes, to the unit."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import Any

import pytest
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paper_repro.counting.architecture import Architecture, LayerGroup, UnknownFamily
from paper_repro.counting.bases import BUILT_IN, resolve_base
from paper_repro.counting.families import TEXT_DEFAULTS, VISION_DEFAULTS, architecture_of
from paper_repro.errors import UserError
from tests.counting.real import CLASSES, TOWERS, base_2b, build, census, tiny

FAMILIES = sorted(CLASSES)


def closed_form(architecture: Architecture) -> dict[str, Any]:
    return {
        "parameters": architecture.parameters,
        "vision": architecture.vision,
        "linears": Counter(
            {(g.path, g.fan_in, g.fan_out, g.bias): g.copies for g in architecture.linears}
        ),
    }


def assert_real(config: dict[str, Any]) -> None:
    model = build(config)
    architecture = architecture_of(config)
    assert closed_form(architecture) == census(model)
    ends = {id(m.weight): m.weight.numel() for m in _ends(model)}
    assert architecture.embedding == sum(ends.values())
    assert architecture.head_tied == (len(ends) == 1)


def _ends(model: Any) -> tuple[Any, Any]:
    return model.get_input_embeddings(), model.get_output_embeddings()


def test_base_of_the_study() -> None:
    architecture = architecture_of(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])
    assert closed_form(architecture) == census(base_2b())
    assert architecture.parameters == 2_208_985_600
    assert architecture.vision == 665_271_296
    assert architecture.language == 1_543_714_304


@pytest.mark.parametrize(
    ("hub", "published"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", 8_291_375_616),
        ("Qwen/Qwen2.5-VL-3B-Instruct", 3_754_622_976),
        ("meta-llama/Llama-3.2-1B", 1_235_814_400),
    ],
)
def test_shipped_bases(hub: str, published: int) -> None:
    config = resolve_base(hub)[1]
    assert architecture_of(config).parameters == published
    assert_real(config)


def test_every_shipped_config_is_a_known_family() -> None:
    assert all(architecture_of(resolve_base(hub)[1]).parameters > 4 * 10**8 for hub in BUILT_IN)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": True},
        {"tie_word_embeddings": False, "num_key_value_heads": 4},
        {"num_key_value_heads": None, "num_hidden_layers": 1},
    ],
)
def test_small_configs(family: str, changes: dict[str, Any]) -> None:
    if family in ("gemma", "mistral") and changes.get("num_key_value_heads", 0) is None:
        changes = {**changes, "num_key_value_heads": 1}
    assert_real(tiny(family, **changes))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("llama", {"attention_bias": True, "mlp_bias": True}),
        ("llama", {"head_dim": 10}),
        ("mistral", {"head_dim": 10, "hidden_size": 22}),
        ("qwen2", {"head_dim": 10}),
        ("qwen3", {"attention_bias": True, "head_dim": 12}),
        ("gemma", {"attention_bias": True, "head_dim": 12}),
    ],
)
def test_options_of_a_family(family: str, changes: dict[str, Any]) -> None:
    assert_real(tiny(family, **changes))


@pytest.mark.parametrize("family", sorted(TOWERS))
@pytest.mark.parametrize("tied_in", ["text_config", "root", "neither"])
def test_nested_text_config(family: str, tied_in: str) -> None:
    flat = tiny(family)
    tower = flat.pop("vision_config")
    del flat["model_type"]
    text = {**flat, "tie_word_embeddings": tied_in == "text_config"}
    config = {"model_type": family, "text_config": text, "vision_config": tower}
    assert_real(config | ({"tie_word_embeddings": True} if tied_in == "root" else {}))


@pytest.mark.parametrize("family", sorted(TOWERS))
def test_a_config_saved_by_transformers_reads_the_same(family: str) -> None:
    config = tiny(family)
    parsed = getattr(transformers, CLASSES[family][0]).from_dict(dict(config))
    saved = json.loads(parsed.to_json_string())
    assert architecture_of(saved) == architecture_of(config)


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_are_those_of_transformers(family: str) -> None:
    config_class = getattr(transformers, CLASSES[family][0])
    text = config_class.sub_configs["text_config"] if family in TOWERS else config_class
    assert _defaults(text, TEXT_DEFAULTS[family]) == TEXT_DEFAULTS[family]
    if family in TOWERS:
        tower = config_class.sub_configs["vision_config"]
        assert _defaults(tower, VISION_DEFAULTS[family]) == VISION_DEFAULTS[family]


def _defaults(config_class: Any, names: Any) -> dict[str, Any]:
    known = {field.name: field.default for field in fields(config_class)}
    return {name: known[name] for name in names}


sizes = st.integers(1, 5)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    family=st.sampled_from(FAMILIES),
    heads=st.sampled_from([(1, 1), (2, 1), (4, 2), (6, 3), (3, 3)]),
    pairs=sizes,
    inner=sizes,
    layers=st.integers(1, 3),
    vocabulary=sizes,
    depth=st.integers(1, 3),
    merge=st.integers(1, 3),
    tied=st.booleans(),
)
def test_any_small_dimensions(
    family: str,
    heads: tuple[int, int],
    pairs: int,
    inner: int,
    layers: int,
    vocabulary: int,
    depth: int,
    merge: int,
    tied: bool,
) -> None:
    config = tiny(
        family,
        hidden_size=heads[0] * 2 * pairs,
        num_attention_heads=heads[0],
        num_key_value_heads=heads[1],
        intermediate_size=inner,
        num_hidden_layers=layers,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
        pad_token_id=None,
    )
    if family in TOWERS:
        tower = {"depth": depth, "spatial_merge_size": merge, "patch_size": inner}
        config["vision_config"] = {**config["vision_config"], **tower}
    assert_real(config)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"hidden_size": -24}, "hidden_size"),
        ({"hidden_size": "24"}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"hidden_size": 24.0}, "hidden_size"),
        ({"hidden_size": 25}, "hidden_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"num_key_value_heads": 3}, "num_key_value_heads"),
        ({"vocab_size": []}, "vocab_size"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings"),
        ({"vision_config": "none"}, "vision_config"),
        ({"vision_config": {"patch_size": [14, 14]}}, "patch_size"),
        ({"vision_config": {"embed_dim": 17, "num_heads": 4}}, "num_heads"),
        ({"model_type": None}, "model_type"),
        ({"model_type": 3}, "model_type"),
    ],
)
def test_nonsense_is_named(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match=f"'{key}'"):
        architecture_of(tiny("qwen2_vl", **changes))


@settings(max_examples=200, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from([*TEXT_DEFAULTS["qwen2_vl"], "vision_config", "text_config", "head_dim"]),
        st.none()
        | st.integers(-3, 9)
        | st.text(max_size=3)
        | st.dictionaries(st.sampled_from(list(VISION_DEFAULTS["qwen2_vl"])), st.integers(-2, 9)),
    ),
    st.sampled_from(FAMILIES),
)
def test_any_config_is_counted_or_refused(config: dict[str, Any], family: str) -> None:
    try:
        architecture = architecture_of({"model_type": family, **config})
    except UserError:
        return
    assert architecture.parameters > architecture.embedding > 0


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "mamba"},
        {"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]},
    ],
)
def test_unknown_families_are_left_to_instantiation(config: dict[str, Any]) -> None:
    with pytest.raises(UnknownFamily):
        architecture_of(config)


@pytest.mark.parametrize(
    ("target", "matched"),
    [
        ("q_proj", {0, 1, 2}),
        ("self_attn.q_proj", {0, 1, 2}),
        ("1.self_attn.q_proj", {1}),
        ("model.layers.2.self_attn.q_proj", {2}),
        ("3.self_attn.q_proj", set()),
        ("01.self_attn.q_proj", set()),
        ("proj", set()),
        ("a.model.layers.2.self_attn.q_proj", set()),
        ("", set()),
    ],
)
def test_names_match_as_in_peft(target: str, matched: set[int]) -> None:
    group = LayerGroup("model.layers.*.self_attn.q_proj", "language", 2, 2, copies=3)
    assert group.matching([target]) == matched


def test_a_bare_index_matches_nothing() -> None:
    group = LayerGroup("model.visual.merger.mlp.0", "vision", 2, 2)
    assert group.name == "mlp.0"
    assert group.matching(["mlp.0"]) == {0}
    assert group.matching(["0"]) == set()
