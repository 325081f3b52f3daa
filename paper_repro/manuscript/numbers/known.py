"""What is known of the run that a manuscript is about: of a study, or of the text itself.

Both give the same table, so that one function judges with either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paper_repro.counting.denominators import LABELS, denominators, percent
from paper_repro.counting.families import architecture_of
from paper_repro.hardware.gpus import gpus
from paper_repro.judging import Key, Value
from paper_repro.manuscript.numbers.statement import ONE_ADAPTER, Rule
from paper_repro.study import Adapter, Dataset, Study, Variant
from paper_repro.training.recipes import paper
from paper_repro.verify.stages.arithmetic.runs import trainable
from paper_repro.writing.values import Values

SPLITS = {"all": "rows", "train": "train_rows", "validation": "validation_rows"}


@dataclass(frozen=True)
class Fact:
    """A value, and how it came about."""

    value: Value
    formula: str


Place = tuple[Rule, int, str]
"""A quantity, its level (0 where levels do not differ), and of samples their split."""

Facts = Mapping[Place, Mapping[Key, Fact]]


@dataclass(frozen=True)
class Known:
    """Facts, and the variant at which a text is judged.

    Attributes:
        facts: by what they are of.
        variant: id of the study's variant; empty without a study.
        base: hub id of the base; None where nothing names it.
        levels: that have facts, the last first.
        of: what they are of, in words.
    """

    facts: Facts
    variant: str
    base: str | None
    levels: tuple[int, ...]
    of: str


def steps_of(rows: int, batch: int, epochs: int) -> dict[str, Fact]:
    """Steps with the remainder of each epoch dropped (its name is empty), kept, or carried on.

    Args:
        batch: rows of an optimizer step.
    """
    ways = {
        "": (rows // batch * epochs, f"⌊{rows:,} / {batch}⌋ × {epochs}"),
        "kept": (-(-rows // batch) * epochs, f"⌈{rows:,} / {batch}⌉ × {epochs}"),
        "carried": (-(-rows * epochs // batch), f"⌈{rows:,} × {epochs} / {batch}⌉"),
    }
    return {way: Fact(steps, f"{formula} = {steps:,}") for way, (steps, formula) in ways.items()}


def facts_of(study: Study, recorded: Iterable[tuple[Place, Key, Fact]]) -> Facts:
    """What the study's own data give; a record of a run takes the place of what they give of its
    variant."""
    facts: dict[Place, dict[Key, Fact]] = {}
    for place, key, fact in _of_study(study):
        facts.setdefault(place, {})[key] = fact
    measured = list(recorded)
    for place, run, _ in measured:
        own = facts.get(place, {})
        facts[place] = {key: fact for key, fact in own.items() if key.variant != run.variant}
    for place, key, fact in measured:
        facts[place][key] = fact
    return facts


def of_study(study: Study, facts: Facts, variant: Variant) -> Known:
    """What is known of a text about the study, at one of its variants."""
    return Known(facts, variant.id, study.base(variant).hub, (2, 1), f"the study {study.id}")


def _of_study(study: Study) -> Iterator[tuple[Place, Key, Fact]]:
    for variant in study.variants:
        yield from _of_variant(study, variant)
    lowest = next(adapter for adapter in study.adapters if adapter.level == 1)
    yield from _of_level_1(study, lowest)


def _of_variant(study: Study, variant: Variant) -> Iterator[tuple[Place, Key, Fact]]:
    values, key, model = Values(study, variant), Key(variant.id), study.base(variant)
    top, settings = study.stack(variant)[-1], variant.settings

    def fact(quantity: str, of: str = "", convention: str = "") -> Fact:
        found = values.finding(quantity, of, convention)
        return Fact(found.value, found.formula)

    yield ("base-model", 0, ""), key, fact("model.id", model.id)
    yield ("base-size", 0, ""), key, fact("model.parameters", model.id)
    yield ("trained-parameters", 2, ""), key, fact("trainable.parameters")
    yield ("total-parameters", 2, ""), key, fact("total.parameters")
    one = key._replace(convention=ONE_ADAPTER)
    yield ("total-parameters", 2, ""), one, _with_one(study, variant)
    for convention in LABELS:
        share = key._replace(convention=convention)
        yield ("trained-share", 2, ""), share, fact("trainable.percent", "", convention)
    yield ("rank", 2, ""), key, fact("adapter.r", top.id)
    yield ("modules", 2, ""), key, fact("adapter.target_modules", top.id)
    effective = settings.batch * settings.accumulation
    yield from _of_steps(study.dataset(settings.dataset), effective, settings.epochs, 2, key)
    yield ("hours", 2, ""), key, fact("run.hours")
    yield from _of_data(study.dataset(settings.dataset), 2, key)
    yield from _of_settings(study, 2, variant.id, key)


def _with_one(study: Study, variant: Variant) -> Fact:
    """Base and trained adapter, whatever lies frozen between them."""
    trained = trainable(study, variant)[0]
    size = architecture_of(study.configs[study.base(variant).id]).parameters
    return Fact(size + trained, f"{size:,} + {trained:,} = {size + trained:,}")


def _of_level_1(study: Study, adapter: Adapter) -> Iterator[tuple[Place, Key, Fact]]:
    model, key, source = study.model(adapter.base), Key(), adapter.source
    architecture = architecture_of(study.configs[model.id])
    values = Values(study, study.variants[0])
    own = values.finding("adapter.parameters", adapter.id)
    count = own.value
    assert isinstance(count, int)
    yield ("trained-parameters", 1, ""), key, Fact(count, own.formula)
    whole = architecture.parameters + count
    formula = f"{architecture.parameters:,} + {count:,} = {whole:,}"
    yield ("total-parameters", 1, ""), key, Fact(whole, formula)
    for name, size in denominators(architecture, count, nominal=model.nominal).items():
        formula = f"{count:,} / {size:,} ({LABELS[name]})"
        yield ("trained-share", 1, ""), Key("", name), Fact(percent(count, size), formula)
    yield ("rank", 1, ""), key, Fact(adapter.r, source)
    yield ("modules", 1, ""), key, Fact(frozenset(adapter.target_modules), source)
    settings = paper(study, 1, "")
    if settings:
        data = next(each for each in study.datasets if each.hub == settings["data"])
        yield from _of_data(data, 1, key)
        yield from _of_settings(study, 1, "", key)
        effective = settings["batch"] * settings["accumulation"]
        yield from _of_steps(data, effective, settings["epochs"], 1, key)


def _of_data(data: Dataset, level: int, key: Key) -> Iterator[tuple[Place, Key, Fact]]:
    rows = {
        "all": data.train_rows + data.validation_rows,
        "train": data.train_rows,
        "validation": data.validation_rows,
    }
    formula = (
        f"{data.hub}: {rows['train']:,} training + {rows['validation']:,} held-out "
        f"= {rows['all']:,} rows"
    )
    for split, count in rows.items():
        yield ("samples", level, split), key, Fact(count, formula)


def _of_steps(
    data: Dataset, batch: int, epochs: int, level: int, key: Key
) -> Iterator[tuple[Place, Key, Fact]]:
    for way, fact in steps_of(data.train_rows, batch, epochs).items():
        yield ("steps", level, ""), key._replace(convention=way), fact


def _of_settings(
    study: Study, level: int, variant: str, key: Key
) -> Iterator[tuple[Place, Key, Fact]]:
    settings: Mapping[str, Any] = paper(study, level, variant)
    if settings:
        said = f"{settings['epochs']} epochs in the training script"
        yield ("epochs", level, ""), key, Fact(settings["epochs"], said)
    if variant:
        card = gpus()[study.variant(variant).settings.card].name
        yield ("card", level, ""), key, Fact(card, f"{card}, as the study has it")
