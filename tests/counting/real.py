"""Real models on the meta device, and what their tensors add up to: the second way to count."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import torch
import transformers
from torch import nn

CLASSES = {
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
    "mistral": ("MistralConfig", "MistralForCausalLM"),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
    "gemma": ("GemmaConfig", "GemmaForCausalLM"),
    "qwen2_vl": ("Qwen2VLConfig", "Qwen2VLForConditionalGeneration"),
    "qwen2_5_vl": ("Qwen2_5_VLConfig", "Qwen2_5_VLForConditionalGeneration"),
}

TEXT = {
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 56,
}
MROPE = {"rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 1]}}
TOWERS = {
    "qwen2_vl": {"depth": 3, "embed_dim": 16, "num_heads": 2, "mlp_ratio": 2, "hidden_size": 24},
    "qwen2_5_vl": {
        "depth": 3,
        "hidden_size": 16,
        "num_heads": 2,
        "intermediate_size": 20,
        "out_hidden_size": 24,
        "fullatt_block_indexes": [1],
    },
}


def tiny(family: str, **changes: Any) -> dict[str, Any]:
    """A small config of a family, as its ``config.json`` would be, flat."""
    tower = {"vision_config": TOWERS[family], **MROPE} if family in TOWERS else {}
    return {"model_type": family, **TEXT, **tower, **changes}


def build(config: dict[str, Any], device: str = "meta") -> nn.Module:
    """The model that transformers builds from a parsed ``config.json``."""
    config_class, model_class = CLASSES[config["model_type"]]
    parsed = getattr(transformers, config_class).from_dict(dict(config))
    with torch.device(device):
        model = getattr(transformers, model_class)(parsed)
    model.tie_weights()
    return model


@cache
def base_2b() -> nn.Module:
    """Qwen2-VL-2B-Instruct at true size."""
    from paper_repro.counting.bases import resolve_base

    return build(resolve_base("Qwen/Qwen2-VL-2B-Instruct")[1])


def census(model: nn.Module) -> dict[str, Any]:
    """Parameters by tower, and every Linear but the head by (path, inputs, outputs, bias)."""
    parameters = dict(model.named_parameters())
    head = model.get_output_embeddings()
    return {
        "parameters": sum(p.numel() for p in parameters.values()),
        "vision": sum(p.numel() for name, p in parameters.items() if ".visual." in name),
        "linears": Counter(
            (_starred(name), m.in_features, m.out_features, m.bias is not None)
            for name, m in model.named_modules()
            if isinstance(m, nn.Linear) and m is not head
        ),
    }


def _starred(name: str) -> str:
    parts = name.split(".")
    for position, part in enumerate(parts):
        if part in ("layers", "blocks"):
            parts[position + 1] = "*"
    return ".".join(parts)
