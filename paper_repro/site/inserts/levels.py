"""The levels of the study, each with what is trained at it and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters
from paper_repro.site.explained import explained
from paper_repro.study import Adapter, Dataset, Study
from paper_repro.verify.report.markdown import escape, table
from paper_repro.verify.report.style import labelled
from paper_repro.verify.result import Report


def levels_parts(study: Study, report: Report) -> dict[str, str]:
    """A table for every level, by the name at which a page takes it."""
    return {
        f"level-{level.number}": table(("", ""), _rows(study, report, level.number))
        for level in study.levels
    }


def _rows(study: Study, report: Report, number: int) -> Iterator[tuple[str, str]]:
    level = next(each for each in study.levels if each.number == number)
    model = study.base(study.variants[0])
    architecture = architecture_of(study.configs[model.id])
    yield "by", escape(level.by)
    yield "base", f"`{model.hub}`, {architecture.parameters:,} parameters"
    for adapter in _adapters(study, number):
        spec = LoraSpec(adapter.r, adapter.target_modules)
        yield f"adapter `{adapter.id}`", _adapter(adapter, lora_parameters(architecture, spec))
    if level.dataset:
        yield "data", _data(study, report, study.dataset(level.dataset))
    verdicts = Counter(claim.verdict for claim in report.claims if claim.level == number)
    yield "its claims", ", ".join(f"{n} {labelled(v)}" for v, n in verdicts.most_common())


def _adapters(study: Study, number: int) -> list[Adapter]:
    """Of every reading, each once."""
    stacks = (study.stack(variant) for variant in study.variants)
    return list(dict.fromkeys(a for stack in stacks for a in stack if a.level == number))


def _adapter(adapter: Adapter, weights: int) -> str:
    modules = ", ".join(f"`{name}`" for name in adapter.target_modules)
    return f"r = {adapter.r} on {modules}: {weights:,} parameters ({escape(adapter.source)})"


def _data(study: Study, report: Report, data: Dataset) -> str:
    """Its rows, and what is to be said of their number."""
    rows = data.train_rows + data.validation_rows
    about = {c.id for c in study.claims if (c.quantity, c.of) == ("dataset.rows", data.id)}
    said = [f" {explained(claim.explanation)}" for claim in report.claims if claim.id in about]
    return (
        f"`{data.hub}`: {rows:,} rows, {data.train_rows:,} of them for training and "
        f"{data.validation_rows:,} held out.{''.join(said)}"
    )
