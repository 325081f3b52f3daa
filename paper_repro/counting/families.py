"""Closed forms of the model families that this package knows, from a parsed ``config.json``.

``architecture_of(config)`` counts the generating model (``…ForCausalLM``,
``…ForConditionalGeneration``). A key that is absent takes the default of the family's config
class in transformers; tests compare these defaults and every count with the real classes. Other
families raise :class:`UnknownFamily`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from paper_repro.counting.architecture import Architecture, LayerGroup, Tower, UnknownFamily
from paper_repro.errors import UserError

Config = Mapping[str, Any]
Defaults = Mapping[str, int | bool | None]

_QWEN_VL_TEXT: Defaults = {
    "vocab_size": 152064,
    "hidden_size": 8192,
    "intermediate_size": 29568,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
}
_QWEN: Defaults = {
    "vocab_size": 151936,
    "hidden_size": 4096,
    "intermediate_size": 22016,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "tie_word_embeddings": False,
}
_LLAMA: Defaults = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": None,
    "head_dim": None,
    "tie_word_embeddings": False,
}
TEXT_DEFAULTS: Mapping[str, Defaults] = {
    "llama": {**_LLAMA, "attention_bias": False, "mlp_bias": False},
    "mistral": {**_LLAMA, "intermediate_size": 14336, "num_key_value_heads": 8},
    "qwen2": _QWEN,
    "qwen3": {**_QWEN, "head_dim": 128, "attention_bias": False},
    "gemma": {
        "vocab_size": 256000,
        "hidden_size": 3072,
        "intermediate_size": 24576,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "head_dim": 256,
        "attention_bias": False,
        "tie_word_embeddings": True,
    },
    "qwen2_vl": _QWEN_VL_TEXT,
    "qwen2_5_vl": _QWEN_VL_TEXT,
}
_VISION: Defaults = {
    "depth": 32,
    "hidden_size": 3584,
    "num_heads": 16,
    "in_channels": 3,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
}
VISION_DEFAULTS: Mapping[str, Defaults] = {
    "qwen2_vl": {**_VISION, "embed_dim": 1280, "mlp_ratio": 4},
    "qwen2_5_vl": {**_VISION, "intermediate_size": 3420, "out_hidden_size": 3584},
}
_ALIASES = {"depth": "num_hidden_layers", "num_heads": "num_attention_heads"}
TIE = "tie_word_embeddings"
_COUNT = "correct config.json, then: python -m paper_repro count FOLDER"


@dataclass(frozen=True)
class Decoder:
    """The sizes of a text decoder that decide its parameters."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    qkv_bias: bool
    o_bias: bool
    mlp_bias: bool
    head_norms: bool
    tied: bool


def architecture_of(config: Config) -> Architecture:
    """Derive a model's census from its parsed ``config.json``.

    Raises:
        UnknownFamily: when no closed form is known for ``model_type``.
        UserError: when ``model_type`` is missing or a size makes no sense.
    """
    family = config.get("model_type")
    if not isinstance(family, str):
        raise _bad("model_type", "a family's name such as 'qwen2_vl'", family)
    if family not in TEXT_DEFAULTS or not _generates(config):
        raise UnknownFamily(family)
    if family not in VISION_DEFAULTS:
        decoder = _decoder(config, family, _flag(config, TEXT_DEFAULTS[family], TIE))
        return _assemble(family, decoder, "model", ())
    text = _table(config, "text_config", config)
    tied = _flag(config, {TIE: False}, TIE) or _flag(text, {TIE: False}, TIE)
    tower = _qwen2_vl_tower if family == "qwen2_vl" else _qwen2_5_vl_tower
    vision, norms = tower(_table(config, "vision_config", {}))
    return _assemble(family, _decoder(text, family, tied), "model.language_model", vision, norms)


def _generates(config: Config) -> bool:
    named = config.get("architectures")
    if not isinstance(named, list) or not named:
        return True
    return str(named[0]).endswith(("ForCausalLM", "ForConditionalGeneration"))


def _decoder(config: Config, family: str, tied: bool) -> Decoder:
    defaults = TEXT_DEFAULTS[family]
    hidden = _size(config, defaults, "hidden_size")
    heads = _size(config, defaults, "num_attention_heads")
    kv_heads = _size(config, defaults, "num_key_value_heads", heads)
    if heads % kv_heads:
        raise _bad("num_key_value_heads", f"a divisor of the {heads} attention heads", kv_heads)
    own_head_dim = family not in VISION_DEFAULTS and (
        config.get("head_dim") is not None or defaults.get("head_dim") is not None
    )
    if hidden % heads and (family == "llama" or not own_head_dim):
        raise _bad("hidden_size", f"a multiple of the {heads} attention heads", hidden)
    attention_bias = "attention_bias" in defaults and _flag(config, defaults, "attention_bias")
    return Decoder(
        hidden=hidden,
        layers=_size(config, defaults, "num_hidden_layers"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_size(config, defaults, "head_dim") if own_head_dim else hidden // heads,
        intermediate=_size(config, defaults, "intermediate_size"),
        vocabulary=_size(config, defaults, "vocab_size"),
        qkv_bias=attention_bias or family in ("qwen2", *VISION_DEFAULTS),
        o_bias=attention_bias,
        mlp_bias="mlp_bias" in defaults and _flag(config, defaults, "mlp_bias"),
        head_norms=family == "qwen3",
        tied=tied,
    )


def _assemble(
    family: str,
    decoder: Decoder,
    root: str,
    tower: tuple[LayerGroup, ...],
    tower_norms: int = 0,
) -> Architecture:
    linears = _decoder_linears(decoder, root)
    embed = _embedding(f"{root}.embed_tokens", decoder)
    head = LayerGroup("lm_head", "language", decoder.hidden, decoder.vocabulary)
    embedding = embed.parameters + (0 if decoder.tied else head.parameters)
    norms = decoder.layers * (2 * decoder.hidden + decoder.head_norms * 2 * decoder.head_dim)
    return Architecture(
        model_type=family,
        linears=tuple(g for g in tower if g.kind == "linear") + linears,
        others=(*(g for g in tower if g.kind != "linear"), embed, head),
        vision=sum(group.parameters for group in tower) + tower_norms,
        language=sum(g.parameters for g in linears) + norms + decoder.hidden + embedding,
        embedding=embedding,
        head_tied=decoder.tied,
    )


def _embedding(path: str, decoder: Decoder) -> LayerGroup:
    return LayerGroup(path, "language", decoder.vocabulary, decoder.hidden, kind="embedding")


def _decoder_linears(d: Decoder, root: str) -> tuple[LayerGroup, ...]:
    queries, keys = d.heads * d.head_dim, d.kv_heads * d.head_dim
    shapes = (
        ("self_attn.q_proj", d.hidden, queries, d.qkv_bias),
        ("self_attn.k_proj", d.hidden, keys, d.qkv_bias),
        ("self_attn.v_proj", d.hidden, keys, d.qkv_bias),
        ("self_attn.o_proj", queries, d.hidden, d.o_bias),
        ("mlp.gate_proj", d.hidden, d.intermediate, d.mlp_bias),
        ("mlp.up_proj", d.hidden, d.intermediate, d.mlp_bias),
        ("mlp.down_proj", d.intermediate, d.hidden, d.mlp_bias),
    )
    return tuple(
        LayerGroup(f"{root}.layers.*.{name}", "language", fan_in, fan_out, d.layers, bias)
        for name, fan_in, fan_out, bias in shapes
    )


def _qwen2_vl_tower(config: Config) -> tuple[tuple[LayerGroup, ...], int]:
    def size(key: str) -> int:
        return _size(config, VISION_DEFAULTS["qwen2_vl"], key)

    width = size("embed_dim")
    inner = width * size("mlp_ratio")
    mlp = (("mlp.fc1", width, inner), ("mlp.fc2", inner, width))
    layer_norms = 2 * width * (2 * size("depth") + 1)
    return _tower(config, "qwen2_vl", width, mlp, size("hidden_size")), layer_norms


def _qwen2_5_vl_tower(config: Config) -> tuple[tuple[LayerGroup, ...], int]:
    def size(key: str) -> int:
        return _size(config, VISION_DEFAULTS["qwen2_5_vl"], key)

    width, inner = size("hidden_size"), size("intermediate_size")
    mlp = (
        ("mlp.gate_proj", width, inner),
        ("mlp.up_proj", width, inner),
        ("mlp.down_proj", inner, width),
    )
    rms_norms = width * (2 * size("depth") + 1)
    return _tower(config, "qwen2_5_vl", width, mlp, size("out_hidden_size")), rms_norms


def _tower(
    config: Config, family: str, width: int, mlp: tuple[tuple[str, int, int], ...], out: int
) -> tuple[LayerGroup, ...]:
    def size(key: str) -> int:
        return _size(config, VISION_DEFAULTS[family], key)

    def group(path: str, fan_in: int, fan_out: int, copies: int = 1) -> LayerGroup:
        return LayerGroup(f"model.visual.{path}", tower, fan_in, fan_out, copies, bias=True)

    tower: Tower = "vision"
    if width % size("num_heads"):
        raise _bad("num_heads", f"a divisor of the tower's width {width}", size("num_heads"))
    voxel = size("in_channels") * size("temporal_patch_size") * size("patch_size") ** 2
    merged = width * size("spatial_merge_size") ** 2
    patches = LayerGroup("model.visual.patch_embed.proj", tower, voxel, width, kind="convolution")
    blocks = (("attn.qkv", width, 3 * width), ("attn.proj", width, width), *mlp)
    return (
        patches,
        *(group(f"blocks.*.{n}", fan_in, fan_out, size("depth")) for n, fan_in, fan_out in blocks),
        group("merger.mlp.0", merged, merged),
        group("merger.mlp.2", merged, out),
    )


def _table(config: Config, key: str, otherwise: Config) -> Config:
    value = config.get(key)
    if value is None:
        return otherwise
    if not isinstance(value, Mapping):
        raise _bad(key, "a table of settings", value)
    return cast(Config, value)


def _value(config: Config, defaults: Defaults, key: str) -> object:
    for name in (key, _ALIASES.get(key, key)):
        if name in config:
            return config[name]
    return defaults.get(key)


def _size(config: Config, defaults: Defaults, key: str, otherwise: int | None = None) -> int:
    value = _value(config, defaults, key)
    value = otherwise if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise _bad(key, "a positive whole number", value)
    return value


def _flag(config: Config, defaults: Defaults, key: str) -> bool:
    value = _value(config, defaults, key)
    if not isinstance(value, bool):
        raise _bad(key, "true or false", value)
    return value


def _bad(key: str, expected: str, got: object) -> UserError:
    return UserError(
        f"The model's config has no usable '{key}'.",
        expected=expected,
        got="nothing" if got is None else repr(got)[:200],
        next_command=_COUNT,
    )
