"""What a run's record says of the numbers in a text about that run."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from paper_repro.counting.denominators import percent
from paper_repro.judging import Key
from paper_repro.manuscript.numbers.known import Fact, Place
from paper_repro.manuscript.numbers.statement import ONE_ADAPTER

if TYPE_CHECKING:
    from paper_repro.training.record import Record

LEVEL = 2


def of_record(record: Record) -> Iterator[tuple[Place, Key, Fact]]:
    """Counts, shares, rows, epochs, steps, hours and the card, as the run had them."""
    counts, key = record.counts, Key(record.variant)
    base, trained, total = counts["base"], counts["trainable"], counts["total"]
    yield ("base-size", 0, ""), key, Fact(base, "the record's counts.base")
    yield ("trained-parameters", LEVEL, ""), key, Fact(trained, "the record's counts.trainable")
    yield ("total-parameters", LEVEL, ""), key, Fact(total, "the record's counts.total")
    one = Fact(base + trained, f"{base:,} + {trained:,}, both of the record")
    yield ("total-parameters", LEVEL, ""), key._replace(convention=ONE_ADAPTER), one
    for name, whole in (("base", base), ("total", total)):
        formula = f"{trained:,} / {whole:,}, both of the record"
        share = key._replace(convention=name)
        yield ("trained-share", LEVEL, ""), share, Fact(percent(trained, whole), formula)
    rows = record.data["rows"]
    held_out = rows.get("validation", 0)
    for split, count in (
        ("train", rows["train"]),
        ("validation", held_out),
        ("all", rows["train"] + held_out),
    ):
        yield ("samples", LEVEL, split), key, Fact(count, "the record's data.rows")
    epochs = record.settings["epochs"]
    yield ("epochs", LEVEL, ""), key, Fact(epochs, "the record's settings.epochs")
    yield ("steps", LEVEL, ""), key, Fact(record.steps, "the record's steps")
    hours = Fraction(record.times["seconds"]) / 3600
    yield ("hours", LEVEL, ""), key, Fact(hours, "the record's times.seconds")
    yield ("card", LEVEL, ""), key, Fact(record.hardware["name"], "the record's hardware")
