"""The three things that people call training, beside one another: FLOP, card hours, dollars.

``three_trainings(study, variant)`` works out pre-training of the base, full fine-tuning on the
variant's data and LoRA on the same, all on one named card. Each figure is an interval, and ``how``
says what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from paper_repro.counting.families import architecture_of
from paper_repro.hardware.bounds import (
    ADAM_BYTES,
    FULL_UTILISATION,
    HOUR,
    pretraining_cost,
    pretraining_flops,
    pretraining_gpu_hours,
    samples,
)
from paper_repro.hardware.calibration import calibration
from paper_repro.hardware.estimate import adapters_of, estimate
from paper_repro.hardware.flops import full_training_flops
from paper_repro.hardware.gpus import Gpu, gpus
from paper_repro.hardware.words import ends
from paper_repro.judging import Interval
from paper_repro.study import Study, Variant

CARD = "a100"
"""Whose hours are counted where no pre-training of the base names one."""
LORA_WAYS = ("default", "notebook")
"""The least and the most that a step of LoRA takes, of :data:`~paper_repro.hardware.ways.WAYS`."""
HELD = ("weights", "adapters", "gradients", "optimizer")
"""What training holds throughout, of the parts of :func:`~paper_repro.hardware.memory.memory`."""


@dataclass(frozen=True)
class Training:
    """What one of the three takes.

    Attributes:
        name: as people call it.
        level: of the study, at which it happens.
        weights: how many are trained.
        amount: tokens or samples of the whole run, as ``unit`` says.
        flops: of the whole run.
        spans: hours of one card, by the way in which a step is computed; one span without a name
            where there is one way.
        dollars: of those hours, US dollars, where the study gives a price of the card.
        held: bytes of weights, gradients and optimizer state of one copy.
        how: what the figures rest on, with every assumption.
        source: of the study's figures.
    """

    name: str
    level: int
    weights: int
    amount: int
    unit: str
    flops: Interval
    card: Gpu
    spans: tuple[tuple[str, Interval], ...]
    dollars: Interval | None
    held: Interval
    how: str
    source: str

    @property
    def gpu_hours(self) -> Interval:
        """Hours of one card, from the least to the most of all spans."""
        return hull([span for _, span in self.spans])

    def to_dict(self) -> dict[str, Any]:
        """As JSON: units are in the names."""
        return {
            "training": self.name,
            "level": self.level,
            "gpu": self.card.name,
            "weights_trained": self.weights,
            self.unit: self.amount,
            "flops": ends(self.flops),
            "gpu_hours": ends(self.gpu_hours),
            "gpu_hours_by_engine": {way: ends(span) for way, span in self.spans if way},
            "dollars": ends(self.dollars) if self.dollars else None,
            "held_bytes": ends(self.held),
            "how": self.how,
            "source": self.source,
        }


def three_trainings(study: Study, variant: Variant) -> list[Training]:
    """Pre-training, full fine-tuning and LoRA, the dearest first.

    Pre-training is left out where no token counts of the base are given, and LoRA where the
    variant has no frames, for which :func:`~paper_repro.hardware.estimate.estimate` is made.
    """
    published = study.base(variant).pretraining
    card = gpus()[published.card if published else CARD]
    found = [_full(study, variant, card)]
    if published:
        found.insert(0, _pretraining(study, variant, card))
    if variant.settings.image_sizes:
        found.append(_lora(study, variant, card))
    return found


def hull(intervals: list[Interval]) -> Interval:
    """From the least to the most of closed intervals."""
    return _between([end for each in intervals for end in (each.low, each.high) if end is not None])


def _pretraining(study: Study, variant: Variant, card: Gpu) -> Training:
    """By 6·N·D on published token counts."""
    model = study.base(variant)
    published = model.pretraining
    assert published is not None
    architecture = architecture_of(study.configs[model.id])
    flops = pretraining_flops(architecture, published)
    hours = pretraining_gpu_hours(flops, published, card)
    language, both = published.language_tokens, published.multimodal_tokens
    how = (
        f"6·N·D, the {architecture.language:,} weights of the language model on "
        f"{language / 1e12:g} T tokens and all {architecture.parameters:,} on {both / 1e12:g} T, "
        f"text and image tokens alike; {_rate(published.utilisation, card)}; no attention on top"
    )
    return Training(
        "pre-training", 0, architecture.parameters, language + both, "tokens",
        Interval.point(flops), card, (("", hours),), pretraining_cost(hours, published),
        Interval.point(ADAM_BYTES * architecture.parameters), how, published.source,
    )  # fmt: skip


def _full(study: Study, variant: Variant, card: Gpu) -> Training:
    """Every weight on the variant's data, from its smallest frames to its largest."""
    config, settings = study.configs[study.base(variant).id], variant.settings
    weights, amount = architecture_of(config).parameters, _passes(study, variant)
    sizes = samples(config, settings)
    least, most = (full_training_flops(config, size) * amount for size in (sizes[0], sizes[-1]))
    worst, best = FULL_UTILISATION
    hours = _between([flops / card.nominal / HOUR for flops in (least / best, most / worst)])
    how = (
        f"a forward pass and twice that backward over {_data(study, variant)}; "
        f"{_rate(FULL_UTILISATION, card)}, our assumption, for passes of many samples"
    )
    return Training(
        "full fine-tuning", study.stack(variant)[-1].level, weights, amount, "samples",
        _between([least, most]), card, (("", hours),), _dollars(study, variant, hours),
        Interval.point(ADAM_BYTES * weights), how, settings.source,
    )  # fmt: skip


def _lora(study: Study, variant: Variant, card: Gpu) -> Training:
    """The variant's own run at every size of its frames, by each of :data:`LORA_WAYS`."""
    sizes = variant.settings.image_sizes
    found = {way: [estimate(study, variant, card, s, way) for s in sizes] for way in LORA_WAYS}
    every = [one for each in found.values() for one in each]
    spans = tuple((way, hull([one.hours for one in each])) for way, each in found.items())
    held = [sum(one.memory[part] for part in HELD) for one in every]
    whole = [sum(one.flops.values()) * one.passes + one.tower_once for one in every]
    said = "; ".join(
        f"{way}: {found[way][0].how.title} ({calibration(way).words})" for way in LORA_WAYS
    )
    how = f"{variant.title}; this level alone: {_data(study, variant)}; {said}"
    hours = hull([span for _, span in spans])
    return Training(
        "LoRA", study.stack(variant)[-1].level, adapters_of(study, variant).trained,
        _passes(study, variant), "samples", _between(whole), card, spans,
        _dollars(study, variant, hours), _between(held), how, variant.settings.source,
    )  # fmt: skip


def _passes(study: Study, variant: Variant) -> int:
    """Samples that the variant's run goes over, all epochs together."""
    return study.dataset(variant.settings.dataset).train_rows * variant.settings.epochs


def _between(numbers: Sequence[float | Fraction]) -> Interval:
    return Interval(Fraction(min(numbers)), Fraction(max(numbers)))


def _dollars(study: Study, variant: Variant, hours: Interval) -> Interval | None:
    published = study.base(variant).pretraining
    return pretraining_cost(hours, published) if published else None


def _rate(utilisation: tuple[float, float], card: Gpu) -> str:
    low, high = utilisation
    return f"at {low:.0%} to {high:.0%} of {card.nominal / 1e12:.0f} TFLOP/s ({card.name})"


def _data(study: Study, variant: Variant) -> str:
    amount, epochs = _passes(study, variant), variant.settings.epochs
    sizes = " to ".join(f"{wide} × {high}" for wide, high in variant.settings.image_sizes)
    return f"{amount // epochs:,} rows × {epochs} epochs" + (f", frames of {sizes}" * bool(sizes))
