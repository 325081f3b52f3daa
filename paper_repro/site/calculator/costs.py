"""Memory and time of a pass as coefficients, from which the page's script computes any run.

For one base, one size of a sample and one way to compute a step, bytes and operations are affine in
what an adapter brings (weights, ranks, dropped inputs), and what a pass shares is divided by its
samples. So a few numbers each, asked of ``hardware`` with nothing and with one part alone,
say all that it would; ``tests/site/test_calculator.py`` holds the two against one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.hardware.estimate import scored
from paper_repro.hardware.flops import Sample, Tower, tower_forward, training_flops
from paper_repro.hardware.gpus import Gpu
from paper_repro.hardware.hours import between, picture, seconds
from paper_repro.hardware.memory import Adapters, memory
from paper_repro.hardware.ways import WAYS, Way

HOWS: Mapping[str, Way] = {
    "notebook": WAYS["notebook"],
    "notebook-today": WAYS["notebook-today"],
    "default": WAYS["default"],
    "default-recomputed": replace(WAYS["default"], checkpointing=True),
}
"""How a pass is computed, where that changes its coefficients."""
TRIED: Mapping[str, tuple[str, ...]] = {
    "notebook": ("notebook",),
    "notebook-fp16": ("notebook",),
    "notebook-today": ("notebook-today",),
    "default": ("default", "default-recomputed"),
}
"""For every way, what ``estimate`` tries one after another to make a pass fit."""
COLUMNS = (
    "flops", "flopsOfWeight", "activations", "ofRank", "ofDropped", "pixels", "logits", "between",
    "pictureLow", "pictureHigh", "towerOnce",
)  # fmt: skip
"""Of one sample: FLOP, and those of each trained weight; bytes of activations, of each rank and of
each dropped input; bytes of a sample's pixels in an update, of logits, and between products;
seconds in which a host prepares a frame; FLOP of the tower where its outputs are kept."""
BARE = Adapters(0, 0, 0)
NOTHING = Sample(0, 0, 0)
MANY = 2**30
"""So many that a slope is not lost in rounding."""
UNIT = Gpu("one FLOP and one byte a second", 1, 1.0, 1.0, 1.0, "")


def of_pass(config: Mapping[str, Any], architecture: Architecture, way: Way) -> dict[str, Any]:
    """What does not depend on the sample: bytes, bytes of each trained weight, and what a pass
    shares: bytes read and unpacked, seconds in which a host launches it."""
    bare = memory(config, architecture, NOTHING, way, BARE, 0)
    trained = memory(config, architecture, NOTHING, way, replace(BARE, trained=MANY), 0)
    shared = seconds(config, architecture, NOTHING, way, BARE, UNIT)
    return {
        "workspace": bare["workspace"],
        "adapters": trained["adapters"] / MANY,
        "gradients": trained["gradients"] / MANY,
        "optimizer": trained["optimizer"] / MANY,
        "read": shared.memory,
        "unpacked": shared.unpacking,
        "launching": shared.host,
    }


def of_sample(
    config: Mapping[str, Any], architecture: Architecture, way: Way, sizes: Sample
) -> list[float]:
    """One sample's coefficients, in the order of :data:`COLUMNS`."""
    one = scored(sizes, way)

    def bytes(part: str, adapters: Adapters = BARE, update: int = 1) -> float:
        return memory(config, architecture, one, way, adapters, 1, update)[part]

    def flops(trained: int) -> float:
        parts = training_flops(
            config, one, tower=way.tower, checkpointing=way.checkpointing, trained=trained
        )
        return sum(parts.values())

    kept = way.tower is Tower.CACHED
    activations = bytes("activations")
    pixels = bytes("activations", update=2) - activations
    return [
        flops(0),
        _slope(flops),
        activations - pixels,
        _slope(lambda n: bytes("activations", replace(BARE, ranks=n))),
        _slope(lambda n: bytes("activations", replace(BARE, dropped=n))),
        pixels,
        bytes("logits"),
        between(config, one, way),
        *picture(config, one),
        tower_forward(config, one.patches) if kept else 0.0,
    ]


def _slope(function: Callable[[int], float]) -> float:
    return (function(MANY) - function(0)) / MANY
