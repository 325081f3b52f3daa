"""Bounds that published figures and arithmetic put on hours, memory and cost.

They are for claims that nobody here can time. A measured record beats each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.hardware.flops import (
    Sample,
    Tower,
    full_training_flops,
    sample,
    text_sample,
    training_flops,
)
from paper_repro.hardware.gpus import Gpu
from paper_repro.judging import Interval
from paper_repro.study import Settings
from paper_repro.study.tables import Pretraining

HOUR = 3600
DAY = 24 * HOUR
FULL_CARDS = 8
FULL_UTILISATION = (0.1, 0.6)
"""Assumed for full fine-tuning: least and most share of a card's nominal rate."""
ADAM_BYTES = 16
"""Bytes a weight in mixed-precision full fine-tuning: 2 weight, 2 gradient, 4 master, 8 Adam
(Rajbhandari et al., ZeRO, arXiv 1910.02054, section 3.1)."""


def pretraining_flops(architecture: Architecture, published: Pretraining) -> int:
    """6·N·D (Kaplan et al., arXiv 2001.08361): the language model on its own tokens, then the
    whole model on the vision-language ones."""
    language = 6 * architecture.language * published.language_tokens
    return language + 6 * architecture.parameters * published.multimodal_tokens


def pretraining_gpu_hours(flops: int, published: Pretraining, card: Gpu) -> Interval:
    """Hours of one card for those FLOP, at the most and the least plausible utilisation."""
    worst, best = published.utilisation
    return Interval(
        Fraction(flops / (best * card.nominal) / HOUR),
        Fraction(flops / (worst * card.nominal) / HOUR),
    )


def pretraining_cost(hours: Interval, published: Pretraining) -> Interval:
    """US dollars of those hours at the lowest and the highest rental price."""
    cheap, dear = published.dollars_per_gpu_hour
    assert hours.low is not None and hours.high is not None
    return Interval(hours.low * Fraction(cheap), hours.high * Fraction(dear))


def samples(config: Mapping[str, Any], settings: Settings) -> list[Sample]:
    """The sizes of a sample at every frame size that the settings allow, smallest first."""
    sizes = [sample(config, *size, settings.text_tokens) for size in settings.image_sizes]
    return sorted(sizes, key=lambda size: size.tokens) or [text_sample(settings.text_tokens)]


def notebook_hours(
    config: Mapping[str, Any],
    sizes: Sample,
    passes: int,
    adapter_parameters: int,
    rate: float,
) -> Fraction:
    """Hours that the arithmetic of ``passes`` samples takes at ``rate`` FLOP/s, with the tower
    run forward and the language model checkpointed, as the notebook's pinned versions do."""
    flops = training_flops(
        config,
        sizes,
        tower=Tower.FORWARD,
        checkpointing=True,
        trained=adapter_parameters,
    )
    return Fraction(sum(flops.values()) * passes / rate / HOUR)


def full_days(config: Mapping[str, Any], sizes: list[Sample], passes: int, card: Gpu) -> Interval:
    """Days of full fine-tuning: eight cards on the smallest frames to one on the largest.

    Assumes :data:`FULL_CARDS` and :data:`FULL_UTILISATION`.
    """
    least, most = FULL_UTILISATION
    fast = full_training_flops(config, sizes[0]) * passes / (FULL_CARDS * most * card.nominal)
    slow = full_training_flops(config, sizes[-1]) * passes / (least * card.nominal)
    return Interval(Fraction(fast / DAY), Fraction(slow / DAY))


def full_cards(architecture: Architecture, card: Gpu) -> int:
    """Cards that hold weights, gradients and Adam's state of full fine-tuning."""
    return -(-architecture.parameters * ADAM_BYTES // card.memory)


def run_memory(
    config: Mapping[str, Any],
    architecture: Architecture,
    sizes: Sample,
    *,
    packed: int,
    quantized: bool,
    adapters: int,
    trainable: int,
) -> int:
    """Bytes that one-sample training with checkpointing needs, counted generously.

    Args:
        packed: base weights as NF4 stores them, two a byte (numel of the naive sum).
        adapters: LoRA weights in use, 4 bytes each; trained ones hold gradient and Adam too.
    """
    halves = 2 * (architecture.parameters - packed)
    weights = (
        halves // 2 + 2 * (architecture.parameters - halves)
        if quantized
        else 2 * architecture.parameters
    )
    states = 4 * adapters + 12 * trainable
    logits = sizes.scored * config["vocab_size"] * (2 + 4 + 4)
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    saved = 2 * sizes.tokens * hidden * layers
    one_layer = 2 * sizes.tokens * (10 * hidden + 4 * config["intermediate_size"])
    vision = config.get("vision_config", {"embed_dim": 0, "mlp_ratio": 0})
    tower = 2 * sizes.patches * vision["embed_dim"] * (10 + 2 * vision["mlp_ratio"])
    return int(weights + states + logits + saved + one_layer + tower)
