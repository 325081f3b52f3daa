"""Seconds that a card and its host take for one sample, by what they go to.

A roofline: operations at the rate of a large product, bytes at the card's bandwidth. Where the host
launches every kernel by itself, card and host work side by side, and the slower one decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from paper_repro.counting.architecture import Architecture
from paper_repro.hardware.flops import Sample, Tower, training_flops
from paper_repro.hardware.gpus import Gpu
from paper_repro.hardware.memory import HALF, PACKED, Adapters
from paper_repro.hardware.vision import vision_of
from paper_repro.hardware.ways import Way

LAUNCHES, TOWER_LAUNCHES, OTHER_LAUNCHES = 518, 130, 114
"""Kernels of a pass: a language layer's; those of a layer of a tower that is recomputed and
differentiated, of which a quarter where it is run forward alone; and besides. Their sums are those
that a profiler counted (``benchmarks/records/bench-*.json``), transformers 5.17, PEFT 0.21."""
HOST = (30e-6, 90e-6)
"""Seconds in which a host launches one: 31 to 35 µs beside an H100, 49 to 56 beside an H200
(``benchmarks/records/bench-*.json``); the slow end is assumed, for two cores of a shared
machine."""
PICTURE = (65e-9, 260e-9)
"""Seconds in which a host prepares a pixel of a frame: 65 to 88 ns beside an H100, 128 beside an
H200 (``benchmarks/records/bench-*.json``), the tower included; the slow end is assumed as well."""
FUSED, UNFUSED = 1, 3
"""How often what runs between products goes through memory, by the engine's own count."""


class Seconds(NamedTuple):
    """Of one sample.

    Attributes:
        arithmetic: operations at the card's rate.
        memory: weights, and what runs between the products.
        unpacking: a base in 4 bits, at every pass.
        host: launching, and preparing a frame where that is done at every pass; the least and the
            most.
    """

    arithmetic: float
    memory: float
    unpacking: float
    host: tuple[float, float]

    @property
    def card(self) -> float:
        """What the card needs."""
        return self.arithmetic + self.memory + self.unpacking

    @property
    def bound_by(self) -> str:
        """What decides: ``launches``, or the largest part of what the card needs."""
        if self.host[0] > self.card:
            return "launches"
        parts = {name: getattr(self, name) for name in ("arithmetic", "memory", "unpacking")}
        return max(parts, key=lambda name: parts[name])


def seconds(
    config: Mapping[str, Any],
    architecture: Architecture,
    sizes: Sample,
    way: Way,
    adapters: Adapters,
    card: Gpu,
    batch: int = 1,
    pictures: bool = True,
) -> Seconds:
    """Of one sample on a card.

    Args:
        batch: samples a pass, which share launches, and the reading and unpacking of weights.
        pictures: whether frames are prepared at every pass, where the tower runs at every pass.
    """
    flops = training_flops(
        config,
        sizes,
        tower=way.tower,
        checkpointing=way.checkpointing,
        trained=adapters.trained,
        frozen=adapters.frozen,
    )
    passes = 3 if way.checkpointing else 2
    weights = HALF * architecture.language * passes / batch
    unpacked = _unpacked(architecture, way) / batch if way.quantised else 0.0
    count = launches(config, way) / batch
    prepared = pictures and way.tower is not Tower.CACHED
    frame = picture(config, sizes) if prepared else (0.0, 0.0)
    return Seconds(
        sum(flops.values()) / card.rate(way.bf16),
        (between(config, sizes, way) + weights) / card.bandwidth,
        unpacked / card.bandwidth,
        (count * HOST[0] + frame[0], count * HOST[1] + frame[1]),
    )


def picture(config: Mapping[str, Any], sizes: Sample) -> tuple[float, float]:
    """Seconds in which a host prepares one frame, the least and the most."""
    pixels = sizes.patches * vision_of(config).side ** 2
    return pixels * PICTURE[0], pixels * PICTURE[1]


def launches(config: Mapping[str, Any], way: Way) -> int:
    """Kernels that the host launches for a pass; none where that is one graph."""
    if not way.launched:
        return 0
    tower = TOWER_LAUNCHES if way.tower is Tower.RECOMPUTED else TOWER_LAUNCHES // 4
    layers = config["num_hidden_layers"] * LAUNCHES
    return int(layers + vision_of(config).depth * tower + OTHER_LAUNCHES)


def between(config: Mapping[str, Any], sizes: Sample, way: Way) -> float:
    """Bytes that go through memory between one sample's products, the base's weights apart.

    Of the engine, in numbers of 16 bits a token and layer: eight times the MLP's inner width, three
    forward and five backward, and 34 times the width for norms, sums, rotary turning, copies.
    """
    times = FUSED if not way.launched else UNFUSED * (1.5 if way.checkpointing else 1)
    vision = vision_of(config)
    token = 8 * config["intermediate_size"] + 34 * config["hidden_size"]
    tower = (8 * vision.inner + 34 * vision.width) * way.tower.value / 3
    numbers = sizes.tokens * config["num_hidden_layers"] * token * times
    numbers += sizes.patches * vision.depth * tower * times
    numbers += sizes.scored * config["vocab_size"] * 8 * times
    return HALF * float(numbers)


def _unpacked(architecture: Architecture, way: Way) -> float:
    """Bytes read and written to unpack every weight at every pass over it."""
    passes = {"language": 3 if way.checkpointing else 2, "vision": way.tower.value}
    weights = sum(
        group.copies * group.weights * passes[group.tower] for group in architecture.linears
    )
    return (PACKED + HALF) * float(weights)
