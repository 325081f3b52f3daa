"""What a text may say of a run: derived of a variant, or as a record has it. Nothing is guessed.

What neither gives is ``None``, and the text leaves it out or says "not recorded".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.hardware.estimate import GIB
from paper_repro.study import Adapter, Dataset, Model, Procedure, Study, Variant
from paper_repro.training.recipes import paper
from paper_repro.writing.text import Figure
from paper_repro.writing.values import Values

if TYPE_CHECKING:
    from paper_repro.training.record import Record


@dataclass(frozen=True)
class Facts:
    """Of one run.

    Attributes:
        variant: the reading that it is of.
        model: the base; None for the miniature, which stands for none.
        base: its weights.
        stack: adapters on it, bottom first.
        trained: weights that were trained.
        shares: of these, in percent, by denominator.
        dataset: what it trained on; None for drawn frames, and for rows that no study knows.
        other_rows: of the latter, the hub's name or the folder's; else empty.
        rows, held_out: of the data, as far as they can be read.
        settings: as they were set, by name.
        precision: of the frozen base; None where it is not said.
        steps: of the optimizer.
        card, hours, memory_gib: where, how long, at which peak; None where no record says.
        versions: of libraries; empty where no record says.
        same: how many tensors of the base a record found unchanged; None without one.
        source: where settings are from.
    """

    variant: Variant
    model: Model | None
    base: Figure
    stack: tuple[Adapter, ...]
    trained: Figure
    shares: Mapping[str, Figure]
    dataset: Dataset | None
    rows: Figure
    held_out: Figure
    settings: Mapping[str, Any]
    precision: str | None
    steps: Figure
    card: str | None = None
    hours: Figure | None = None
    memory_gib: Figure | None = None
    versions: Mapping[str, str] | None = None
    same: Figure | None = None
    source: str = ""
    other_rows: str = ""

    def setting(self, name: str, words: str | None = None) -> Figure:
        """A setting as it is printed."""
        value = self.settings[name]
        return Figure(words or f"{value:,}", f"settings.{name}", "", self.source)

    def version(self, name: str) -> Figure:
        """A library's."""
        return Figure((self.versions or {})[name], f"versions.{name}", "", self.source)


def of_variant(study: Study, variant: Variant) -> Facts:
    """What follows from the study's own data."""
    values, data = Values(study, variant), study.dataset(variant.settings.dataset)
    model = study.base(variant)
    return Facts(
        variant=variant,
        model=model,
        base=values.count("model.parameters", model.id),
        stack=study.stack(variant),
        trained=values.count("trainable.parameters"),
        shares={name: values.percent(name) for name in ("base", "total")},
        dataset=data,
        rows=values.count("dataset.train_rows", data.id),
        held_out=values.count("dataset.validation_rows", data.id),
        settings=paper(study, 2, variant.id),
        precision="nf4" if variant.quantized else None,
        steps=values.count("run.steps"),
        source=variant.settings.source,
    )


def of_record(study: Study, record: Record, where: str) -> Facts:
    """What a finished run of Level 2 was and measured.

    Args:
        where: file of the record, as provenance names it.

    Raises:
        UserError: the base or a lower adapter changed, of which every text would say that it was
            frozen.
    """
    _refuse_changed(record, where)
    variant, full = study.variant(record.variant), record.settings["size"] == "full"
    counts, rows = record.counts, record.data["usable"]
    dataset, other_rows = _rows(study, record)

    def figure(words: str, field: str, quantity: str = "") -> Figure:
        return Figure(words, quantity or f"record.{field}", "", f"{where}: {field}")

    return Facts(
        variant=variant,
        model=_base(study.base(variant), record) if full else None,
        base=figure(f"{counts['base']:,}", "counts.base"),
        stack=_stack(study.stack(variant), record),
        trained=figure(f"{counts['trainable']:,}", "counts.trainable", "trainable.parameters"),
        shares=dict(_shares(counts, where)),
        dataset=dataset,
        rows=figure(f"{rows['train']:,}", "data.usable.train"),
        held_out=figure(f"{rows.get('validation', 0):,}", "data.usable.validation"),
        settings=record.settings,
        precision=record.settings["precision"],
        steps=figure(f"{record.steps:,}", "steps", "run.steps"),
        card=record.hardware["name"],
        hours=figure(_duration(record.times["seconds"]), "times.seconds", "run.hours"),
        memory_gib=figure(_peak(record), "peak_memory"),
        versions=record.versions,
        same=figure(f"{record.base_tensors:,}", "base_tensors"),
        source=f"{where}: settings and versions",
        other_rows=other_rows,
    )


def _peak(record: Record) -> str:
    """Of the card, where it ran on one."""
    place = "device" if record.hardware["device"] == "cuda" else "host"
    return f"{record.peak_memory[place] / GIB:.1f} GiB"


def _base(model: Model, record: Record) -> Model:
    """Under the name that it was fetched by."""
    fetched = record.revisions["base"]
    return model.model_copy(update={"hub": record.settings["base"]}) if fetched else model


def _stack(adapters: tuple[Adapter, ...], record: Record) -> tuple[Adapter, ...]:
    """Those below the last one bear a hub's name where they were fetched from it."""
    fetched = record.settings["level1"] if record.revisions["level1"] else None
    return *(each.model_copy(update={"hub": fetched}) for each in adapters[:-1]), adapters[-1]


def _rows(study: Study, record: Record) -> tuple[Dataset | None, str]:
    """The study's data set of that name, or the name of rows that it does not know."""
    named = record.settings["data"]
    known = next((each for each in study.datasets if each.hub == named), None)
    if known or not named:
        return known, ""
    return None, named if record.revisions["data"] else Path(named).name


def _refuse_changed(record: Record, where: str) -> None:
    changed = {"base": record.base_changed}
    if record.procedure == Procedure.STACK:
        changed["lower adapter"] = record.earlier_changed
    for what, count in changed.items():
        if count:
            raise UserError(
                f"The {what} changed in this run, so no text is written that calls it frozen.",
                expected="no tensor of it with another SHA-256 afterwards",
                got=f"{count:,}",
                next_command=f"python -m paper_repro verify --record {where}",
            )


def _shares(counts: Mapping[str, Any], where: str) -> Iterator[tuple[str, Figure]]:
    for name, field in (("base", "base"), ("total", "total")):
        share = f"{100 * counts['trainable'] / counts[field]:.3g} %"
        source = f"{where}: counts.trainable / counts.{field}"
        yield name, Figure(share, "trainable.percent", "", source, name)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.2g} h" if seconds >= 360 else f"{seconds:.0f} s"
