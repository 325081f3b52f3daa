"""Trainings that others timed on a T4, beside what a roofline gives them in either 16-bit type.

None is of the paper's model. ``published`` reads ``published.toml``; ``roofline`` works out seconds
of a sample where its tokens are known, and ``contained_in`` says which types they would fit.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from paper_repro.hardware.estimate import SLACK
from paper_repro.hardware.gpus import Gpu
from paper_repro.judging import Interval

CARD = "t4"
"""Where all were trained."""
TYPES = {"float16": False, "bfloat16": True}
"""Whether products are in bfloat16, by the type's name."""
FLOP_PER_WEIGHT = 6
"""Of a token, for each frozen weight of a product."""


@dataclass(frozen=True)
class Published:
    """One training.

    Attributes:
        model: by its published name.
        bits: of a base weight.
        batch: samples a pass.
        accumulation: passes of an update.
        steps: updates.
        runtime_seconds: of all of it, the first step's compilation too.
        bar_seconds: of all steps but the first, where a progress bar says so.
        trainer: by which it was trained.
        source: where it stands.
        computed_in: type of its products, where stated; else empty.
        tokens: of a sample; None where they are not published.
        weights: those that enter a product, as model cards round, where tokens are known: not an
            untied embedding, which is looked up.
        at_most: whether a sample may have fewer.
        assumed: what stands behind ``tokens``.
    """

    model: str
    bits: int
    batch: int
    accumulation: int
    steps: int
    runtime_seconds: float
    trainer: str
    source: str
    bar_seconds: float | None = None
    computed_in: str = ""
    tokens: int | None = None
    weights: float = 0
    at_most: bool = False
    assumed: str = ""

    @property
    def seconds(self) -> Interval:
        """Of one sample: by the bar, where there is one, to the whole runtime."""
        update = self.batch * self.accumulation
        most = Fraction(self.runtime_seconds) / (self.steps * update)
        if self.bar_seconds is None:
            return Interval(most, most)
        return Interval(Fraction(self.bar_seconds) / ((self.steps - 1) * update), most)


class Faster(NamedTuple):
    """How much faster Unsloth is than plain PEFT, by its own account, from the least to the most.

    Attributes:
        low, high: ratios.
        source: where they stand.
    """

    low: float
    high: float
    source: str


@cache
def published() -> tuple[Published, ...]:
    """Every training."""
    return tuple(Published(**run) for run in _read()["runs"])


@cache
def faster() -> Faster:
    """Of Unsloth over plain PEFT on a T4."""
    return Faster(**_read()["faster"])


def roofline(one: Published, card: Gpu, bf16: bool) -> Interval | None:
    """Seconds of one sample by its products alone; None where its tokens are not published.

    QLoRA with checkpointing costs 6·N FLOP a token, N the weights that enter a product: each is a
    multiplication and an addition, 2·N, in the forward pass; again where a layer is run a second
    time; and once backward, for the gradient of what runs between layers. A frozen weight needs no
    gradient, which would be 2·N more. Adapters, attention and unpacking are left out. The least is
    at the card's rate, the most :data:`~paper_repro.hardware.estimate.SLACK` times as long; where
    a sample may have fewer tokens, the least is nothing.

    Args:
        one: what was published.
        card: where.
        bf16: whether products are in bfloat16; else in the type that the card computes fastest.
    """
    if one.tokens is None:
        return None
    flops = FLOP_PER_WEIGHT * one.weights * one.tokens
    least = flops / card.rate(bf16)
    return Interval(Fraction(0 if one.at_most else least), Fraction(SLACK * least))


def contained_in(one: Published, card: Gpu) -> list[str] | None:
    """Types whose roofline holds the published time; None where tokens are not published."""
    by_type = {name: roofline(one, card, bf16) for name, bf16 in TYPES.items()}
    found = {name: spans for name, spans in by_type.items() if spans is not None}
    return [name for name, spans in found.items() if one.seconds.inside(spans)] if found else None


def _read() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "published.toml").read_text(encoding="utf-8"))
