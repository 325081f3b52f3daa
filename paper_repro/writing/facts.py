"""What a text may say of a run: derived of a variant, or as a record has it. Nothing is guessed.

What neither gives is ``None``, and the text leaves it out or says "not recorded".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
        dataset: what it trained on; None for drawn frames.
        rows, held_out: of the data.
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
    counts, rows, hardware = record.counts, record.data["rows"], record.hardware

    def figure(words: str, field: str, quantity: str = "") -> Figure:
        return Figure(words, quantity or f"record.{field}", "", f"{where}: {field}")

    on_card = hardware["device"] == "cuda"
    peak = record.peak_memory["device" if on_card else "host"] / GIB
    return Facts(
        variant=variant,
        model=study.base(variant) if full else None,
        base=figure(f"{counts['base']:,}", "counts.base"),
        stack=study.stack(variant),
        trained=figure(f"{counts['trainable']:,}", "counts.trainable", "trainable.parameters"),
        shares=dict(_shares(counts, where)),
        dataset=study.dataset(variant.settings.dataset) if full else None,
        rows=figure(f"{rows['train']:,}", "data.rows.train"),
        held_out=figure(f"{rows.get('validation', 0):,}", "data.rows.validation"),
        settings=record.settings,
        precision=record.settings["precision"],
        steps=figure(f"{record.steps:,}", "steps", "run.steps"),
        card=hardware["name"],
        hours=figure(_duration(record.times["seconds"]), "times.seconds", "run.hours"),
        memory_gib=figure(f"{peak:.1f} GiB", "peak_memory"),
        versions=record.versions,
        same=figure(f"{record.base_tensors:,}", "base_tensors"),
        source=f"{where}: settings and versions",
    )


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
