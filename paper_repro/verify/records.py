"""Records of real runs as evidence: which are admitted, and for what they may speak.

``read(path, study)`` reads one ``record.json`` (or the folder of a run), or the record of a bench,
and refuses what cannot stand as evidence. A record is what a program wrote about itself: this
module looks for what is unfinished, of another study or at odds with itself, and cannot tell a
careful forgery.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.counting.families import architecture_of
from paper_repro.errors import UserError
from paper_repro.study import Study, Variant

if TYPE_CHECKING:
    from paper_repro.bench.record import Bench
    from paper_repro.training.record import Record

NOTEBOOK = "notebook"
"""The way, of a bench, that the study's hours are of."""
LEVEL = 2
"""The level whose training the variants of a study describe."""


@dataclass(frozen=True)
class Run:
    """A finished run that a study's claims may be laid beside."""

    path: Path
    record: Record
    variant: Variant

    @property
    def is_full(self) -> bool:
        """Whether it trained the base at its true size."""
        return bool(self.record.settings["size"] == "full")

    @property
    def where(self) -> str:
        """File, day, size and hardware, as formulas name them."""
        record = self.record
        size = "true size" if self.is_full else "miniature, drawn frames"
        day, hardware = record.times["finished"][:10], record.hardware["name"]
        return f"{self.path} ({size}, {day}, {hardware}, {record.steps:,} steps)"


@dataclass(frozen=True)
class Benched:
    """Timed steps that a study's hours may be laid beside."""

    path: Path
    bench: Bench
    variant: Variant

    @property
    def where(self) -> str:
        """File, day, frames and hardware, as formulas name them."""
        bench = self.bench
        size = f"frames of {bench.image}" if bench.size == "full" else "miniature"
        return f"{self.path} ({size}, {bench.finished[:10]}, {bench.hardware['name']}, steps timed)"


def read(path: Path, study: Study) -> Run | Benched:
    """Whichever of both it is.

    Raises:
        UserError: as :func:`read_run` and :func:`read_bench`.
    """
    from paper_repro.bench.record import SCHEMA

    try:
        given = json.loads(path.read_bytes()) if path.is_file() else None
    except ValueError:
        given = None
    is_bench = isinstance(given, dict) and given.get("schema") == SCHEMA
    return read_bench(path, study) if is_bench else read_run(path, study)


def read_bench(path: Path, study: Study) -> Benched:
    """Read the record of a bench, and admit it as evidence.

    Raises:
        UserError: when it cannot be read, belongs to another study, or says nothing of its card.
    """
    from paper_repro.bench.record import read

    bench = read(path)
    variants = {variant.id: variant for variant in study.variants}
    if bench.variant not in variants:
        raise _refusal(path, f"one of the variants {', '.join(variants)}", repr(bench.variant))
    variant = variants[bench.variant]
    samples = study.dataset(variant.settings.dataset).train_rows * variant.settings.epochs
    if bench.samples != samples:
        raise _refusal(path, f"the hours of {samples:,} samples", f"{bench.samples:,}")
    base = study.base(variant).hub
    if bench.size == "full" and (bench.base != base or "name" not in bench.card):
        raise _refusal(path, f"the shape of {base}, on a card", f"{bench.base}, {bench.card}")
    return Benched(path, bench, variant)


def read_run(path: Path, study: Study) -> Run:
    """Read a record, or the ``record.json`` of a run's folder, and admit it as evidence.

    Raises:
        UserError: when it cannot be read, is not of a finished run of the last level, belongs to
            another study, or contradicts itself.
    """
    from paper_repro.training.record import read_record

    path = path / "record.json" if path.is_dir() else path
    record = read_record(path)
    if record.status != "finished":
        said = f": {record.said}" if record.said else ""
        raise UserError(
            f"The run of {path} is not finished, so it is no evidence.",
            expected="status finished",
            got=f"{record.status}{said}",
            next_command=f"python -m paper_repro train {LEVEL} --resume {path.parent}",
        )
    try:
        problem = next(_misfits(record, study), None) or next(_contradictions(record), None)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = ("a complete record", f"{type(error).__name__}: {error}")
    if problem:
        raise _refusal(path, *problem)
    return Run(path, record, study.variant(record.variant))


def _refusal(path: Path, expected: str, got: str) -> UserError:
    return UserError(
        f"{path} cannot stand as evidence for this study.",
        expected=expected,
        got=got,
        next_command=f"python -m paper_repro train {LEVEL} --out DIR, then: verify --record DIR",
    )


def _misfits(record: Record, study: Study) -> Iterator[tuple[str, str]]:
    """What makes it a record of something else, as pairs of expected and got."""
    level, size = record.settings["level"], record.settings["size"]
    if level != LEVEL:
        yield f"a run of Level {LEVEL}, which the study's variants describe", f"Level {level}"
    if size not in ("mini", "full"):
        yield "size mini or full", repr(size)
    variants = {variant.id: variant for variant in study.variants}
    if record.variant not in variants:
        yield f"one of the variants {', '.join(variants)}", repr(record.variant)
        return
    variant = variants[record.variant]
    if record.procedure != variant.procedure.value:
        yield f"procedure {variant.procedure.value} of {variant.id}", repr(record.procedure)
    base = study.base(variant)
    if size == "full":
        true_size = architecture_of(study.configs[base.id]).parameters
        if record.counts["base"] != true_size:
            yield f"{true_size:,} weights of {base.hub}", f"{record.counts['base']:,}"


def _contradictions(record: Record) -> Iterator[tuple[str, str]]:
    """Where it is at odds with itself, as pairs of expected and got."""
    for name, numbers in (("losses", record.losses), ("learning rates", record.learning_rates)):
        if record.steps < 1 or len(numbers) != record.steps:
            yield f"one of the {name} for each step", f"{len(numbers)} for {record.steps} steps"
        if not all(map(math.isfinite, numbers)):
            yield f"finite {name}", "one that is not finite"
    counts, hashes = record.counts, record.hashes
    if counts["total"] < counts["base"] or not 0 < counts["trainable"] <= counts["total"]:
        yield "counts that fit each other", repr(counts)
    if record.trail[-1][1] != counts["trainable"]:
        yield f"{counts['trainable']:,} trainable at the end of the trail", repr(record.trail[-1])
    for part, changed in (("base", record.base_changed), ("earlier", record.earlier_changed)):
        same = hashes[f"{part}_before"] == hashes[f"{part}_after"]
        if same == bool(changed):
            yield f"the hashes of {part} to tell what its count of changes tells", f"{changed}"
    if not record.base_tensors:
        yield "hashes of the base's tensors", "none"
    seconds = record.times["seconds"]
    if not (math.isfinite(seconds) and seconds > 0):
        yield "a time above zero", f"{seconds} s"
