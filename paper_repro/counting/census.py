"""The census of any model that transformers can build, read off the meta device.

``any_architecture(config)`` takes the closed form where one is known and :func:`census` where
none is; the latter needs torch and transformers. Not covered: layers that are no Linear,
convolution or embedding (fused experts, say), which LoRA by module name does not reach either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from paper_repro.counting.architecture import Architecture, LayerGroup, UnknownFamily
from paper_repro.counting.families import architecture_of

if TYPE_CHECKING:
    from torch import nn

_VISION = re.compile(r"(?:^|\.)(?:visual|vision\w*)(?:\.|$)")


def any_architecture(config: Mapping[str, Any]) -> Architecture:
    """The census of a model, by closed form or from the meta device.

    Raises:
        UserError: when the config makes no sense, or transformers cannot build it.
    """
    try:
        return architecture_of(config)
    except UnknownFamily:
        return census(config)


def census(config: Mapping[str, Any]) -> Architecture:
    """The census of the model that transformers builds from a ``config.json``.

    Raises:
        UserError: when transformers cannot build it.
    """
    from paper_repro.counting.instantiate import meta_model

    model = meta_model(config)
    head, embed = model.get_output_embeddings(), model.get_input_embeddings()
    layers = {
        name: group
        for name, module in model.named_modules()
        if (group := _group(name, module)) is not None
    }
    others = {name for name, group in layers.items() if group.kind != "linear"}
    others |= {name for name, module in model.named_modules() if module is head and name in layers}
    parameters = {id(p): (name, p.numel()) for name, p in model.named_parameters()}
    vision = sum(size for name, size in parameters.values() if _VISION.search(name))
    ends = {id(p): p.numel() for end in (head, embed) if end is not None for p in end.parameters()}
    return Architecture(
        model_type=str(config.get("model_type")),
        linears=tuple(group for name, group in layers.items() if name not in others),
        others=tuple(group for name, group in layers.items() if name in others),
        vision=vision,
        language=sum(size for _, size in parameters.values()) - vision,
        embedding=sum(ends.values()),
        head_tied=head is not None and embed is not None and head.weight is embed.weight,
    )


def _group(name: str, module: nn.Module) -> LayerGroup | None:
    from torch.nn import Conv1d, Conv2d, Conv3d, Embedding, Linear
    from transformers.pytorch_utils import Conv1D

    tower = "vision" if _VISION.search(name) else "language"
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None) is not None
    if weight is None:
        return None
    if isinstance(module, Embedding | Conv1D):
        kind = "embedding" if isinstance(module, Embedding) else "linear"
        return LayerGroup(name, tower, *weight.shape, bias=bias, kind=kind)
    if isinstance(module, Linear | Conv1d | Conv2d | Conv3d):
        kind = "linear" if isinstance(module, Linear) else "convolution"
        fan_out, *rest = weight.shape
        return LayerGroup(name, tower, prod(rest), fan_out, bias=bias, kind=kind)
    return None
