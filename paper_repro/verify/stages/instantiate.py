"""The instantiate stage: the real architecture on the meta device, under the real PEFT.

Every variant's adapters are put on in the variant's own order and every number is read off the
tensors that result; no closed form is used, so that the arithmetic stage has an independent
second. No weights exist here: what training does to them is the train stage's to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from paper_repro.counting.build import as_nf4, check_targets, meta_model
from paper_repro.counting.denominators import LABELS, percent
from paper_repro.counting.instantiate import stored, weights
from paper_repro.judging import Key, Value
from paper_repro.study import Adapter, Model, Study, Variant
from paper_repro.study.document import document_sum
from paper_repro.training.levels import Levels, base_parameters, put_on, trainable
from paper_repro.verify.finding import Evidence, Finding, Progress, Stage, Subject, Wanted
from paper_repro.verify.stages.needs import need

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

META = "counted on the meta device"
OF_MODEL = {"model.parameters", "full.parameters"}
OF_ADAPTER = {"adapter.parameters"}
OF_RUN = {
    "trainable.parameters",
    "trainable.percent",
    "trainable.only",
    "total.parameters",
    "base.trainable",
    "lower.trainable",
    "adapter.is_new",
}


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """Yield the wanted findings; see :class:`paper_repro.verify.finding.StageRunner`."""
    asked = {subject.quantity for subject in wanted}
    if not asked & (OF_MODEL | OF_ADAPTER | OF_RUN):
        return
    progress("importing PyTorch, transformers and PEFT")
    need(Stage.INSTANTIATE, "torch", "transformers", "peft", "bitsandbytes")
    bases = {model.id: Base(study, model) for model in study.models}
    for found in _all(study, bases, asked, progress):
        if found.subject in wanted:
            yield found


def _all(
    study: Study, bases: dict[str, Base], asked: set[str], progress: Progress
) -> Iterator[Finding]:
    if asked & OF_MODEL:
        for model in study.models:
            progress(f"building {model.hub} on the meta device")
            yield from _model_findings(model, bases[model.id])
    if asked & OF_ADAPTER:
        for adapter in study.adapters:
            progress(f"putting {adapter.id} on the meta device's {adapter.base}")
            yield from _adapter_findings(adapter, bases[adapter.base])
    if asked & OF_RUN:
        for variant in study.variants:
            progress(f"replaying {variant.title}")
            yield from _run_findings(study, variant, bases[study.base(variant).id])


@dataclass(frozen=True)
class Base:
    """What the modules of one base model add up to."""

    study: Study
    model: Model

    @cached_property
    def plain(self) -> PreTrainedModel:
        """The base as it is built, every weight trainable."""
        return meta_model(self.study.configs[self.model.id])

    @cached_property
    def parameters(self) -> int:
        """All weights, tied ones once."""
        return total(self.plain)

    @cached_property
    def wholes(self) -> dict[str, int]:
        """The denominators that do not depend on adapters."""
        ends = (self.plain.get_input_embeddings(), self.plain.get_output_embeddings())
        tensors = [end.get_parameter("weight") for end in ends if end is not None]
        embeddings = {id(tensor): weights(tensor) for tensor in tensors}
        towers = [m for m in self.plain.modules() if "Vision" in type(m).__name__]
        vision = {id(tensor): tensor.numel() for m in towers for tensor in m.parameters()}
        packed = as_nf4(meta_model(self.study.configs[self.model.id]))
        return {
            "base": self.parameters,
            "nominal": self.model.nominal,
            "non-embedding": self.parameters - sum(embeddings.values()),
            "language": self.parameters - sum(vision.values()),
            "packed-4bit": sum(stored(tensor) for tensor in packed.parameters()),
        }


def total(model: nn.Module) -> int:
    """All weights of a model, tied ones once."""
    return sum(weights(tensor) for tensor in model.parameters())


def build(study: Study, variant: Variant) -> Levels:
    """The variant's adapters on a meta base, in 4 bits where the variant is."""
    base = meta_model(study.configs[study.base(variant).id])
    for adapter in study.stack(variant):
        check_targets(base, adapter.target_modules)
    if variant.quantized:
        as_nf4(base)
    return put_on(base, variant.procedure, study.stack(variant))


def _model_findings(model: Model, base: Base) -> Iterator[Finding]:
    tensors = len(list(base.plain.parameters()))
    formula = f"{base.parameters:,} weights in {tensors:,} tensors, {META}"
    yield _found("model.parameters", model.id, Key(), base.parameters, formula)
    yield _found("full.parameters", model.id, Key(), trainable(base.plain), formula)


def _adapter_findings(adapter: Adapter, base: Base) -> Iterator[Finding]:
    bare = meta_model(base.study.configs[adapter.base])
    check_targets(bare, adapter.target_modules)
    levels = put_on(bare, "single", [adapter])
    count = sum(weights(tensor) for tensor in levels.newest.values())
    formula = f"{count:,} weights in {len(levels.newest):,} LoRA tensors, {META}"
    yield _found("adapter.parameters", adapter.id, Key(), count, formula)


def _run_findings(study: Study, variant: Variant, base: Base) -> Iterator[Finding]:
    levels, key = build(study, variant), Key(variant.id)
    count = trainable(levels.model)
    trail = " → ".join(f"{step.trainable:,} ({step.name})" for step in levels.trail)
    everything = total(levels.model)
    added = everything - base.parameters
    yield _found("trainable.parameters", "", key, count, f"{trail}, {META}")
    formula = f"{base.parameters:,} + {added:,} in LoRA = {everything:,}, {META}"
    yield _found("total.parameters", "", key, everything, formula)
    wholes = base.wholes | {"total": everything}
    if document := document_sum(study):
        wholes["document"] = document
    for name, whole in wholes.items():
        share, at = percent(count, whole), key._replace(convention=name)
        text = f"{count:,} / {whole:,} ({LABELS[name]}), {META}"
        yield _found("trainable.percent", "", at, share, text)
    yield from _freedom(variant, levels, count)


def _freedom(variant: Variant, levels: Levels, count: int) -> Iterator[Finding]:
    """Which parts can receive gradients."""
    key = Key(variant.id)
    base = [tensor for tensor in base_parameters(levels.model).values() if tensor.requires_grad]
    free = sum(weights(tensor) for tensor in base)
    newest = sum(weights(tensor) for tensor in levels.newest.values() if tensor.requires_grad)
    earlier = sum(weights(t) for t in levels.earlier_alive.values() if t.requires_grad)
    put = sum(weights(tensor) for tensor in levels.earlier.values())
    gone = put - sum(weights(tensor) for tensor in levels.earlier_alive.values())
    parts = f"{newest:,} weights of the newest adapter, {earlier:,} of earlier ones, "
    parts += f"{free:,} of the base"
    yield _found("base.trainable", "", key, free, f"requires_grad is set on {parts}")
    only = f"{count:,} trainable: {parts}"
    yield _found("trainable.only", "", key, count == newest and newest > 0, only)
    if levels.earlier:
        text = f"of {put:,} earlier weights {gone:,} are replaced and {earlier:,} require gradients"
        yield _found("lower.trainable", "", key, earlier > 0, text)
    warned = "; PEFT warned of a second wrap" if "second time" in " ".join(levels.said) else ""
    text = (
        f"{newest:,} weights under the name '{levels.last}' are fresh, {earlier:,} trained before"
    )
    text += warned
    yield _found("adapter.is_new", variant.adapters[-1], key, levels.last_is_new, text)


def _found(quantity: str, of: str, key: Key, value: Value, formula: str) -> Finding:
    subject = Subject(quantity, of)
    return Finding(subject, key, value, formula, Evidence.INSTANTIATED, Stage.INSTANTIATE)
