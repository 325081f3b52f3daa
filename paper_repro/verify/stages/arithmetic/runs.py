"""What the arithmetic stage says of the run that each variant describes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from paper_repro.counting.denominators import LABELS, denominators, percent
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import (
    lora_formula,
    lora_parameters,
    second_wrap_formula,
    second_wrap_parameters,
)
from paper_repro.hardware.bounds import (
    FULL_CARDS,
    FULL_UTILISATION,
    full_days,
    notebook_hours,
    run_memory,
    samples,
)
from paper_repro.hardware.estimate import estimate
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.words import span
from paper_repro.judging import Interval, Key
from paper_repro.study import Procedure, Study, Variant
from paper_repro.study.document import document_sum
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.stages.arithmetic.adapters import spec
from paper_repro.verify.stages.arithmetic.common import derived, logged, passes, quoted

WRITTEN = "notebook"
"""The way to compute a step that the notebook's cells are."""
FULL_CARD = "a100"
MEMORY_MARGIN = 2
FAST_LINE = 10_000_000_000
"""bits a second: faster than the lines of clinics and homes"""


def trainable(study: Study, variant: Variant) -> tuple[int, str]:
    """Weights that the variant trains, in closed form, with the formula filled in."""
    architecture = architecture_of(study.configs[study.base(variant).id])
    stack = study.stack(variant)
    top = spec(stack[-1])
    if variant.procedure is Procedure.SECOND_WRAP:
        lower = spec(stack[0])
        return (
            second_wrap_parameters(architecture, lower, top),
            second_wrap_formula(architecture, lower, top),
        )
    return lora_parameters(architecture, top), lora_formula(architecture, top)


def adapters_total(study: Study, variant: Variant) -> int:
    """LoRA weights on the base once the variant is set up, trained or not."""
    if variant.procedure is Procedure.SECOND_WRAP:
        return trainable(study, variant)[0]
    architecture = architecture_of(study.configs[study.base(variant).id])
    return sum(lora_parameters(architecture, spec(adapter)) for adapter in study.stack(variant))


def run_findings(study: Study, variant: Variant) -> Iterator[Finding]:
    """Counts, percentages by denominator, settings, hours and memory of one variant."""
    yield from _counts(study, variant)
    yield from _settings(study, variant)
    yield from _hardware(study, variant)
    yield from _loading(study, variant)


def _counts(study: Study, variant: Variant) -> Iterator[Finding]:
    key = Key(variant.id)
    model = study.base(variant)
    architecture = architecture_of(study.configs[model.id])
    count, formula = trainable(study, variant)
    total = adapters_total(study, variant)
    yield derived(Subject("trainable.parameters"), key, count, formula)
    whole = architecture.parameters + total
    base = architecture.parameters
    yield derived(Subject("total.parameters"), key, whole, f"{base:,} + {total:,} = {whole:,}")
    wholes = denominators(
        architecture, total, document_sum=document_sum(study), nominal=model.nominal
    )
    for name, denominator in wholes.items():
        yield derived(
            Subject("trainable.percent"),
            key._replace(convention=name),
            percent(count, denominator),
            f"{count:,} / {denominator:,} ({LABELS[name]})",
        )


def _settings(study: Study, variant: Variant) -> Iterator[Finding]:
    key, settings = Key(variant.id), variant.settings
    methods = {None: None, True: "QLoRA", False: "LoRA"}
    yield logged(Subject("run.method"), key, methods[variant.quantized], variant.source)
    yield logged(Subject("run.quantized"), key, variant.quantized, variant.source)
    yield logged(Subject("run.seeded"), key, settings.seed is not None, settings.source)
    seed = "no seed is fixed" if settings.seed is None else f"the seed is {settings.seed}"
    yield quoted(
        Subject("run.similar"),
        key,
        None,
        f"{seed}, and no measure of likeness and no tolerance is named",
    )
    rows = study.dataset(settings.dataset).train_rows
    effective = settings.batch * settings.accumulation
    steps = rows // effective * settings.epochs
    yield derived(
        Subject("run.steps"),
        key,
        steps,
        f"⌊{rows:,} / ({settings.batch} × {settings.accumulation})⌋ × {settings.epochs} epochs "
        f"= {steps:,}",
    )


def _hardware(study: Study, variant: Variant) -> Iterator[Finding]:
    key, settings = Key(variant.id), variant.settings
    config = study.configs[study.base(variant).id]
    architecture = architecture_of(config)
    card, count = gpus()[settings.card], passes(study, variant)
    sizes = samples(config, settings)
    adapters = adapters_total(study, variant)
    low = notebook_hours(config, sizes[0], count, adapters, card.nominal)
    yield derived(
        Subject("run.hours"),
        key,
        Interval(low, None),
        f"arithmetic of {count:,} passes alone: {float(low):.2f} h at the {card.name}'s nominal "
        f"{card.nominal / 1e12:.0f} TFLOP/s on the smallest frames{_estimated(study, variant)}",
    )
    for name, size in _ends(variant).items():
        yield derived(
            Subject(f"run.hours_{name}"),
            key,
            estimate(study, variant, card, size, WRITTEN).hours,
            f"estimated for the notebook's cells with frames of {size[0]} × {size[1]}: the card's "
            "sustained rates, launches, 4-bit unpacking and the host",
        )
    need = run_memory(
        config,
        architecture,
        sizes[-1],
        packed=denominators(architecture, adapters)["packed-4bit"],
        quantized=bool(variant.quantized),
        adapters=adapters,
        trainable=trainable(study, variant)[0],
    )
    yield derived(
        Subject("run.card_fits"),
        key,
        MEMORY_MARGIN * need < card.memory,
        f"{need / 1e9:.1f} GB of weights, adapters, optimizer state, activations and logits at the "
        f"largest frames, × {MEMORY_MARGIN} for workspace and fragmentation, on a card of "
        f"{card.memory / 1e9:.0f} GB",
    )
    full, (least, most) = gpus()[FULL_CARD], FULL_UTILISATION
    yield derived(
        Subject("full.days"),
        key,
        full_days(config, sizes, count, full),
        f"every weight trained on {count:,} passes, from {FULL_CARDS} × {full.name} at {most:.0%} "
        f"of the nominal rate on the smallest frames to one at {least:.0%} on the largest",
    )
    yield quoted(
        Subject("run.price"),
        key,
        None,
        "free sessions are offered without a guarantee of a card or of its hours",
    )


def _ends(variant: Variant) -> dict[str, tuple[int, int]]:
    """The smallest and the largest frames that the settings allow, where they name any."""
    sizes = sorted(variant.settings.image_sizes, key=math.prod)
    return {"smallest": sizes[0], "largest": sizes[-1]} if sizes else {}


def _estimated(study: Study, variant: Variant) -> str:
    """What the steps come to with launches, unpacking and the host, by frame and type."""
    card, ends = gpus()[variant.settings.card], list(_ends(variant).values())
    if not ends:
        return "; launches, 4-bit unpacking and the host come on top"
    written, half = (
        [span(estimate(study, variant, card, size, way).hours) for size in ends]
        for way in (WRITTEN, "notebook-fp16")
    )
    each = [
        f"{hours} h with frames of {size[0]} × {size[1]}"
        + ("" if card.bf16 else f" in bfloat16, which this card emulates, and {fast} in float16")
        for size, hours, fast in zip(ends, written, half, strict=True)
    ]
    return f"; with launches, 4-bit unpacking and the host, an estimate, {'; '.join(each)}"


def _loading(study: Study, variant: Variant) -> Iterator[Finding]:
    loading = study.document.loading
    if loading is None:
        return
    key = Key(variant.id)
    yield derived(
        Subject("load.processor"),
        key,
        loading.processor,
        "the loading cell names a model and an adapter"
        + (" and a processor" if loading.processor else ", and no processor"),
    )
    base = study.model(loading.onto)
    size = architecture_of(study.configs[base.id]).parameters * 2
    yield derived(
        Subject("load.minutes"),
        key,
        Interval(Fraction(size * 8, FAST_LINE * 60), None),
        f"{size / 1e9:.1f} GB of 16-bit weights must first be downloaded; the bound is for a line "
        f"of {FAST_LINE / 1e9:.0f} Gbit/s",
    )
    yield derived(
        Subject("load.as_trained"),
        key,
        variant.trained_on == base.hub,
        f"the loading cell puts the adapter on {base.hub}; this variant trains it on top of "
        f"{variant.trained_on}",
    )
