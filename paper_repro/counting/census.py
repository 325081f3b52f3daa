"""The census of any model that transformers can build.

``read_census(config)`` takes the closed form where one is known, and otherwise reads the layers
off the meta device, which needs torch and transformers. Not covered: layers that are no Linear,
convolution or embedding (fused experts, say), which LoRA by module name does not reach either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from paper_repro.counting.architecture import Architecture, Kind, LayerGroup, UnknownFamily
from paper_repro.counting.families import architecture_of

if TYPE_CHECKING:
    from torch import nn

_VISION = re.compile(r"(?:^|\.)(?:visual|vision\w*)(?:\.|$)")


def read_census(config: Mapping[str, Any]) -> Architecture:
    """The census of a model, by closed form or from the meta device.

    Raises:
        UserError: when the config makes no sense, or transformers cannot build it.
    """
    try:
        return architecture_of(config)
    except UnknownFamily:
        return instantiated_census(config)


def instantiated_census(config: Mapping[str, Any]) -> Architecture:
    """The census of the model that transformers builds from a ``config.json``.

    Raises:
        UserError: when transformers cannot build it.
    """
    from paper_repro.counting.instantiate import meta_model

    model = meta_model(config)
    embed, head = model.get_input_embeddings(), model.get_output_embeddings()
    groups = [
        (module, group)
        for name, module in model.named_modules()
        if (group := _group(name, module)) is not None
    ]
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    vision = sum(size for name, size in sizes.items() if _VISION.search(name))
    ends = {id(p): p.numel() for end in (embed, head) if end is not None for p in end.parameters()}
    return Architecture(
        model_type=str(config.get("model_type")),
        linears=tuple(g for module, g in groups if g.kind == "linear" and module is not head),
        others=tuple(g for module, g in groups if g.kind != "linear" or module is head),
        vision=vision,
        language=sum(sizes.values()) - vision,
        embedding=sum(ends.values()),
        head_tied=embed is not None and head is not None and embed.weight is head.weight,
    )


def _group(name: str, module: nn.Module) -> LayerGroup | None:
    shape = _shape(module)
    if shape is None:
        return None
    kind, fan_in, fan_out = shape
    bias = getattr(module, "bias", None) is not None
    if _VISION.search(name):
        return LayerGroup(name, "vision", fan_in, fan_out, bias=bias, kind=kind)
    return LayerGroup(name, "language", fan_in, fan_out, bias=bias, kind=kind)


def _shape(module: nn.Module) -> tuple[Kind, int, int] | None:
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    match module:
        case nn.Linear():
            return "linear", module.in_features, module.out_features
        case Conv1D():
            fan_in, fan_out = module.weight.shape
            return "linear", fan_in, fan_out
        case nn.Embedding():
            return "embedding", module.num_embeddings, module.embedding_dim
        case nn.Conv1d() | nn.Conv2d() | nn.Conv3d():
            fan_out, *rest = module.weight.shape
            return "convolution", prod(rest), fan_out
    return None
