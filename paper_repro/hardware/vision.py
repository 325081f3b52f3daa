"""Sizes of a vision tower that decide what it costs: Qwen2-VL's, Qwen2.5-VL's, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WINDOW, FULL_LAYERS = 112, 4
"""Qwen2.5-VL's defaults: side of a window in pixels, and layers that attend to the whole frame
(``window_size`` and ``fullatt_block_indexes`` of its vision config in transformers)."""


@dataclass(frozen=True)
class Vision:
    """A tower; that of a model without one is all zeros.

    Attributes:
        width: of a patch inside the tower.
        depth: layers.
        inner: width inside a layer's MLP.
        gated: whether that MLP has a gate, so three matrices for two.
        voxel: numbers of a patch as it comes in: channels × frames × pixels.
        side: of a patch, pixels.
        merge: patches that become one token, along a side.
        window: patches that attend to one another at most, in layers with windows; 0 without.
        full: layers in which all patches of a frame attend to one another.
    """

    width: int = 0
    depth: int = 0
    inner: int = 0
    gated: bool = False
    voxel: int = 0
    side: int = 0
    merge: int = 1
    window: int = 0
    full: int = 0

    @property
    def mlp(self) -> int:
        """Weights of a layer's MLP, biases apart."""
        return (3 if self.gated else 2) * self.width * self.inner


def vision_of(config: Mapping[str, Any]) -> Vision:
    """The tower that a parsed ``config.json`` describes."""
    vision = config.get("vision_config")
    if vision is None:
        return Vision()
    depth, side = vision["depth"], vision.get("patch_size", 14)
    voxel = vision.get("in_chans", 3) * vision.get("temporal_patch_size", 2) * side**2
    merge = vision.get("spatial_merge_size", 2)
    if config.get("model_type") == "qwen2_5_vl":
        width, inner = vision["hidden_size"], vision["intermediate_size"]
        window = (vision.get("window_size", WINDOW) // side) ** 2
        full = len(vision.get("fullatt_block_indexes", range(FULL_LAYERS)))
        return Vision(width, depth, inner, True, voxel, side, merge, window, full)
    width = vision["embed_dim"]
    return Vision(width, depth, width * vision["mlp_ratio"], False, voxel, side, merge, 0, depth)
