"""Hours and memory of a study's run on a card that nobody has to have.

``estimate(study, variant, card, size, way)`` derives both from the architecture, and
``estimate_run(run, card, way)`` those of a run that no study describes. Hours are an
interval: from card and host wholly side by side, to one after the other and the card at half of
what a roofline gives it. ``calibration`` holds it against what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters, second_wrap, wrapped_layers
from paper_repro.hardware.flops import Sample, Tower, sample, tower_forward, training_flops
from paper_repro.hardware.gpus import Gpu
from paper_repro.hardware.hours import Seconds, picture, seconds
from paper_repro.hardware.memory import Adapters, memory
from paper_repro.hardware.ways import WAYS, Way
from paper_repro.judging import Interval
from paper_repro.study import Procedure, Study, Variant

GIB = 2**30
HOUR = 3600
SLACK = 2
"""How much longer a card may take than its roofline."""
ROOM = 0.92
"""Share of a card's memory that training may take: the rest is the driver's and fragmentation."""
PASSES = (16, 8, 4, 2, 1)
ANSWER = 25
"""Tokens of an answer, about: those of one drawn point and its name."""


@dataclass(frozen=True)
class Run:
    """What a run computes, wherever it does.

    Attributes:
        config: of the base, a parsed ``config.json``.
        adapters: on it, none of them on its vision tower, which is taken as frozen.
        sizes: of one sample.
        rows: samples of an epoch.
        epochs: how many.
        batch, accumulation: samples of a pass, and passes of an update.
    """

    config: Mapping[str, Any]
    adapters: Adapters
    sizes: Sample
    rows: int
    epochs: int
    batch: int
    accumulation: int


@dataclass(frozen=True)
class Estimate:
    """What a run would take.

    Attributes:
        card: where.
        size: width and height of a frame in pixels; zeros where the run names none.
        way: how a step is computed, by its name; ``how`` is what was made of it to fit the card.
        batch: samples a pass.
        passes: samples of the whole run.
        fits: whether memory suffices.
        flops: of one sample, by part, without what is done once.
        tower_once: FLOP of the tower on every row's frame, where its outputs are kept; else 0.
        memory: bytes by part.
        seconds: of one sample, by part.
        once: seconds of what is done once, the least and the most: frames and tower, where its
            outputs are kept.
        hours: of the whole run.
    """

    card: Gpu
    size: tuple[int, int]
    way: str
    how: Way
    batch: int
    passes: int
    fits: bool
    flops: dict[str, float]
    tower_once: float
    memory: dict[str, float]
    seconds: Seconds
    once: tuple[float, float]
    hours: Interval

    def to_dict(self) -> dict[str, Any]:
        """As JSON: units are in the names."""
        low, high = self.hours.low, self.hours.high
        assert low is not None and high is not None
        return {
            "gpu": self.card.name,
            "image": f"{self.size[0]}x{self.size[1]}",
            "engine": self.way,
            "samples": self.passes,
            "samples_a_pass": self.batch,
            "checkpointing": self.how.checkpointing,
            "fits": self.fits,
            "hours_low": round(float(low), 4),
            "hours_high": round(float(high), 4),
            "bound_by": self.seconds.bound_by,
            "memory_gib": round(sum(self.memory.values()) / GIB, 3),
            "memory_parts_gib": {n: round(part / GIB, 4) for n, part in self.memory.items()},
            "flops_per_sample": sum(self.flops.values()),
            "flops_parts_per_sample": self.flops,
            "flops_tower_once": self.tower_once,
            "seconds_per_sample": {
                "arithmetic": self.seconds.arithmetic,
                "memory": self.seconds.memory,
                "unpacking": self.seconds.unpacking,
                "host_low": self.seconds.host[0],
                "host_high": self.seconds.host[1],
            },
            "seconds_once": {"low": self.once[0], "high": self.once[1]},
        }


def estimate(
    study: Study, variant: Variant, card: Gpu, size: tuple[int, int], way: str = "default"
) -> Estimate:
    """Of the run that a variant describes.

    Args:
        size: width and height of every frame in pixels.
        way: one of :data:`~paper_repro.hardware.ways.WAYS`.
    """
    return estimate_of(study, variant, card, size, WAYS[way], way)


def estimate_of(
    study: Study, variant: Variant, card: Gpu, size: tuple[int, int], way: Way, name: str = ""
) -> Estimate:
    """The same for a way of one's own."""
    config, settings = study.configs[study.base(variant).id], variant.settings
    rows = study.dataset(settings.dataset).train_rows
    run = Run(
        config, adapters_of(study, variant), sample(config, *size, settings.text_tokens),
        rows, settings.epochs, settings.batch, settings.accumulation,
    )  # fmt: skip
    return estimate_run(run, card, way, name, size)


def estimate_run(
    run: Run, card: Gpu, way: Way, name: str = "", size: tuple[int, int] = (0, 0)
) -> Estimate:
    """Of a run that needs no study.

    Args:
        name: what the estimate is to call the way.
        size: what it is to call the frame.
    """
    config, adapters, rows = run.config, run.adapters, run.rows
    architecture, one = architecture_of(config), scored(run.sizes, way)
    update, most = run.batch * run.accumulation, way.batch or run.batch
    tried = partial(memory, config, architecture, one, adapters=adapters, update=update)
    how, batch, parts, fits = _fitted(tried, way, most, card)
    took = seconds(config, architecture, one, how, adapters, card, batch)
    tower = rows * tower_forward(config, one.patches) if how.tower is Tower.CACHED else 0.0
    once = _once(tower / card.rate(way.bf16), rows, picture(config, one)) if tower else (0.0, 0.0)
    passes = rows * run.epochs
    return Estimate(
        card, size, name, how, batch, passes, fits,
        training_flops(
            config, one, tower=how.tower, checkpointing=how.checkpointing,
            trained=adapters.trained, frozen=adapters.frozen,
        ),
        tower, parts, took, once, _hours(took, passes, once),
    )  # fmt: skip


def scored(sizes: Sample, way: Way) -> Sample:
    """The sizes of a sample whose tokens a way scores all, or the answer's alone."""
    return replace(sizes, scored=min(ANSWER, sizes.tokens)) if way.answers_only else sizes


def adapters_on(architecture: Architecture, spec: LoraSpec) -> Adapters:
    """Weights of one adapter with dropout, straight on a base; errors as in ``lora.wrap``."""
    layers = [g for g in wrapped_layers(architecture, spec.targets) if g.tower == "language"]
    ranks = spec.r if "q_proj" in {group.name for group in layers} else 0
    dropped = sum(group.fan_in for group in layers if group in architecture.linears)
    return Adapters(lora_parameters(architecture, spec), 0, ranks, dropped)


def adapters_of(study: Study, variant: Variant) -> Adapters:
    """Weights that a variant trains, and those below them."""
    architecture = architecture_of(study.configs[study.base(variant).id])
    specs = [LoraSpec(each.r, each.target_modules) for each in study.stack(variant)]
    *lower, top = specs
    ranks = sum(spec.r for spec in specs if "q_proj" in spec.targets)
    layer = {g.name: g.fan_in for g in architecture.linears if g.tower == "language"}
    dropped = sum(
        layer[name]
        for adapter in study.stack(variant)
        if adapter.lora_dropout
        for name in adapter.target_modules
        if name in layer
    )
    if variant.procedure is Procedure.SECOND_WRAP:
        again = second_wrap(architecture, lower[0], top)
        return Adapters(sum(part.parameters for part in again), 0, top.r, dropped)
    frozen = sum(lora_parameters(architecture, spec) for spec in lower)
    return Adapters(lora_parameters(architecture, top), frozen, ranks, dropped)


def _fitted(
    needs: Callable[..., dict[str, float]], way: Way, most: int, card: Gpu
) -> tuple[Way, int, dict[str, float], bool]:
    """The largest pass that fits, then with checkpointing; the smallest where none does.

    Args:
        needs: bytes by part of a way and a number of samples a pass.
        most: samples a pass.
    """
    again = replace(way, checkpointing=True)
    tried = [(how, batch) for how in (way, again) for batch in PASSES if batch <= most]
    for how, batch in tried:
        parts = needs(way=how, batch=batch)
        if sum(parts.values()) <= ROOM * card.memory:
            return how, batch, parts, True
    return how, batch, parts, False


def _once(tower: float, rows: int, frame: tuple[float, float]) -> tuple[float, float]:
    """Seconds in which every frame is prepared and goes through the tower."""
    return tower + rows * frame[0], tower * SLACK + rows * frame[1]


def _hours(took: Seconds, passes: int, once: tuple[float, float]) -> Interval:
    """Of all samples, and of the seconds that are taken once."""
    least = max(took.card, took.host[0]) * passes + once[0]
    most = (took.card * SLACK + took.host[1]) * passes + once[1]
    return Interval(Fraction(least / HOUR), Fraction(most / HOUR))
