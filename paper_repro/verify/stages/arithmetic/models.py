"""What the arithmetic stage says of a base model."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.counting.families import architecture_of
from paper_repro.hardware.bounds import (
    ADAM_BYTES,
    full_cards,
    pretraining_cost,
    pretraining_flops,
    pretraining_gpu_hours,
)
from paper_repro.hardware.gpus import gpus
from paper_repro.judging import Key
from paper_repro.study import Model, Study
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.stages.arithmetic.common import derived, logged, quoted

ANY = Key()
BIG_CARD = "a100"


def model_findings(study: Study, model: Model) -> Iterator[Finding]:
    """Identity, size, the bound on pre-training, and what full fine-tuning would hold."""
    architecture = architecture_of(study.configs[model.id])
    yield logged(Subject("model.id", model.id), ANY, model.hub, model.source)
    yield quoted(Subject("model.name", model.id), ANY, model.name, f"title of [{model.reference}]")
    yield quoted(
        Subject("model.publisher", model.id),
        ANY,
        model.publisher,
        f"authors of [{model.reference}]",
    )
    yield quoted(Subject("model.year", model.id), ANY, model.year, f"year of [{model.reference}]")
    yield derived(
        Subject("model.url", model.id),
        ANY,
        f"https://huggingface.co/{model.hub}",
        "the hub's address and the repository's name",
    )
    total = architecture.parameters
    census = f"vision {architecture.vision:,} + language {architecture.language:,} = {total:,}"
    yield derived(Subject("model.parameters", model.id), ANY, total, census)
    yield derived(Subject("full.parameters", model.id), ANY, total, census)
    card = gpus()[BIG_CARD]
    yield derived(
        Subject("full.gpus", model.id),
        ANY,
        full_cards(architecture, card),
        f"{total:,} × {ADAM_BYTES} bytes = {total * ADAM_BYTES / 1e9:.1f} GB of weights, gradients "
        f"and Adam's state, on cards of {card.memory / 1e9:.0f} GB",
    )
    yield from _pretraining(study, model)


def _pretraining(study: Study, model: Model) -> Iterator[Finding]:
    published = model.pretraining
    if published is None:
        return
    architecture = architecture_of(study.configs[model.id])
    card = gpus()[published.card]
    flops = pretraining_flops(architecture, published)
    hours = pretraining_gpu_hours(flops, published, card)
    worst, best = published.utilisation
    cheap, dear = published.dollars_per_gpu_hour
    bound = (
        f"6·N·D: 6 × {architecture.language:,} × {published.language_tokens:,} + "
        f"6 × {architecture.parameters:,} × {published.multimodal_tokens:,} = {flops:.2e} FLOP, "
        f"at {worst:.0%} to {best:.0%} of {card.nominal / 1e12:.0f} TFLOP/s ({card.name})"
    )
    tokens = published.language_tokens + published.multimodal_tokens
    yield quoted(Subject("pretraining.tokens", model.id), ANY, tokens, published.source)
    yield quoted(Subject("model.pretrained", model.id), ANY, True, published.source)
    yield derived(Subject("pretraining.gpu_hours", model.id), ANY, hours, bound)
    yield derived(
        Subject("pretraining.cost", model.id),
        ANY,
        pretraining_cost(hours, published),
        f"{bound}, at {cheap:g} to {dear:g} US dollars an hour",
    )
    for quantity in ("pretraining.gpus", "pretraining.months"):
        yield derived(
            Subject(quantity, model.id),
            ANY,
            None,
            f"only the product of cards and time is bounded: {bound}",
        )
