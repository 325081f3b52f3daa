"""Floating-point operations of a decoder with or without Qwen's vision tower, in closed form from
``config.json``.

Counts multiply-adds of matrix products and attention as two operations each, and nothing else:
norms, activations, the optimizer, launches and the host come on top. A time from these counts
is therefore a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from paper_repro.hardware.vision import vision_of

FORWARD = 1
FROZEN_BACKWARD = 1
ATTENTION_BACKWARD = 2.5


class Tower(Enum):
    """What training does with the frozen vision tower."""

    CACHED = 0
    FORWARD = 1
    RECOMPUTED = 3
    """forward, recomputed, differentiated: what today's library defaults do."""


@dataclass(frozen=True)
class Sample:
    """Sizes of one sample: patches before merging, tokens in all, tokens the head scores."""

    patches: int
    tokens: int
    scored: int


def text_sample(text_tokens: int) -> Sample:
    """The sizes of a sample without a frame, every token scored."""
    return Sample(0, text_tokens, text_tokens)


def sample(config: Mapping[str, Any], width: int, height: int, text_tokens: int) -> Sample:
    """The sizes of a sample with one frame of ``width`` × ``height`` pixels.

    Frame sides are rounded to whole merged patches, as the image processor does. Every token is
    scored, as in the notebook, whose labels are the whole sequence.
    """
    vision = vision_of(config)
    side = vision.side * vision.merge
    merged = round(width / side) * round(height / side)
    tokens = merged + text_tokens
    return Sample(merged * vision.merge**2, tokens, tokens)


def tower_forward(config: Mapping[str, Any], patches: int) -> float:
    """FLOP of one forward pass of the vision tower over one frame; none without patches."""
    return sum(_tower(config, patches)) if patches else 0.0


def tower_flops(config: Mapping[str, Any], patches: int, tower: Tower) -> float:
    """FLOP of all that training does with the frozen tower over one frame.

    Where it is differentiated, pixels need no gradient; only the blocks run again; and the
    backward pass of their attention has five products for the forward pass's two.
    """
    if tower is not Tower.RECOMPUTED or not patches:
        return tower_forward(config, patches) * tower.value
    embedding, blocks, merger, attention = _tower(config, patches)
    again = FORWARD + FORWARD
    return (
        FORWARD * embedding
        + (again + FROZEN_BACKWARD) * blocks
        + (FORWARD + FROZEN_BACKWARD) * merger
        + (again + ATTENTION_BACKWARD) * attention
    )


def _tower(config: Mapping[str, Any], patches: int) -> tuple[float, float, float, float]:
    """FLOP of one forward pass: embedding of patches, blocks' products, merger, attention.

    Windows are taken as whole ones; those at a frame's edge may be smaller.
    """
    vision = vision_of(config)
    width, depth, merge = vision.width, vision.depth, vision.merge**2
    blocks = depth * (4 * width**2 + vision.mlp)
    merger = merge * width * (merge * width + config["hidden_size"]) / merge
    twice = 2.0 * patches
    attended = vision.full * patches + (depth - vision.full) * min(patches, vision.window)
    attention = 4.0 * width * patches * attended
    return twice * vision.voxel * width, twice * blocks, twice * merger, attention


def language_linear(config: Mapping[str, Any]) -> float:
    """FLOP of the language model's projections for one token, forward."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    keys = hidden // heads * config["num_key_value_heads"]
    layer = 2 * hidden**2 + 2 * hidden * keys + 3 * hidden * config["intermediate_size"]
    return float(2 * layer * config["num_hidden_layers"])


def language_attention(config: Mapping[str, Any], tokens: int) -> float:
    """FLOP of causal attention over one sequence, forward."""
    return float(2 * config["hidden_size"] * config["num_hidden_layers"] * tokens**2)


def training_flops(
    config: Mapping[str, Any],
    sizes: Sample,
    *,
    tower: Tower,
    checkpointing: bool,
    trained: int,
    frozen: int = 0,
) -> dict[str, float]:
    """FLOP of training on one sample with the base frozen, by part; the whole is their sum.

    Args:
        checkpointing: whether the language model's forward pass runs twice (``recompute``).
        trained: LoRA weights that are trained: each costs a forward and two backward products.
        frozen: LoRA weights below them: each costs a forward and one backward product.
    """
    linear = language_linear(config) * sizes.tokens
    attention = language_attention(config, sizes.tokens)
    head: float = 2.0 * config["hidden_size"] * config["vocab_size"] * sizes.scored
    lora = 2.0 * (trained + frozen) * sizes.tokens
    return {
        "tower": tower_flops(config, sizes.patches, tower),
        "projections": linear * (FORWARD + FROZEN_BACKWARD),
        "attention": attention * (FORWARD + ATTENTION_BACKWARD),
        "head": head * (FORWARD + FROZEN_BACKWARD),
        "lora": 2 * lora + 2.0 * trained * sizes.tokens,
        "recompute": (linear + attention + lora) * int(checkpointing),
    }


def full_training_flops(config: Mapping[str, Any], sizes: Sample) -> float:
    """FLOP of training every weight on one sample: a forward and two backward products.

    Attention has no weights, and pixels need no gradient.
    """
    head: float = 2.0 * config["hidden_size"] * config["vocab_size"] * sizes.scored
    linear = language_linear(config) * sizes.tokens + head
    attention = language_attention(config, sizes.tokens)
    if sizes.patches:
        embedding, blocks, merger, inside = _tower(config, sizes.patches)
        linear += blocks + merger + embedding * 2 / 3
        attention += inside
    return 3 * linear + (FORWARD + ATTENTION_BACKWARD) * attention
