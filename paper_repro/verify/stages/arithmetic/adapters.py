"""What the arithmetic stage says of an adapter by itself."""

from __future__ import annotations

from collections.abc import Iterator

from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_formula, lora_parameters
from paper_repro.judging import Key, Value
from paper_repro.study import Adapter, Study
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.stages.arithmetic.common import derived, logged

ANY = Key()


def spec(adapter: Adapter) -> LoraSpec:
    """The adapter's rank and modules, in the form that counting takes."""
    return LoraSpec(adapter.r, adapter.target_modules)


def adapter_findings(study: Study, adapter: Adapter) -> Iterator[Finding]:
    """Its settings as the author's files give them, and its size in closed form."""
    architecture = architecture_of(study.configs[adapter.base])
    settings: dict[str, Value] = {
        "adapter.r": adapter.r,
        "adapter.lora_alpha": adapter.lora_alpha,
        "adapter.target_modules": frozenset(adapter.target_modules),
    }
    for quantity, value in settings.items():
        yield logged(Subject(quantity, adapter.id), ANY, value, adapter.source)
    count = lora_parameters(architecture, spec(adapter))
    formula = lora_formula(architecture, spec(adapter))
    yield derived(Subject("adapter.parameters", adapter.id), ANY, count, formula)
    yield from _bases(study, adapter)


def _bases(study: Study, adapter: Adapter) -> Iterator[Finding]:
    """What it was trained on top of: its variant's word, or the bare base at the bottom."""
    subject = Subject("adapter.base", adapter.id)
    tops = [variant for variant in study.variants if variant.adapters[-1] == adapter.id]
    for variant in tops:
        yield logged(subject, Key(variant.id), variant.trained_on, variant.source)
    if not tops:
        yield logged(subject, ANY, study.model(adapter.base).hub, adapter.source)
