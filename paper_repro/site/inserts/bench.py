"""What ``bench`` measured on the cards that we could use, from committed records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paper_repro.bench.record import Bench, read
from paper_repro.bench.timed import Timed
from paper_repro.hardware.estimate import GIB
from paper_repro.hardware.words import rounded
from paper_repro.verify.report.markdown import table

WAYS = ("notebook", "notebook-today", "default")


def bench_part(folder: Path) -> str:
    """A table for every record, with where and when, and the traps that were found.

    Args:
        folder: with ``bench-*.json``.
    """
    found = sorted(
        map(read, folder.glob("bench-*.json")),
        key=lambda one: (one.width * one.height, one.card["name"]),
    )
    return "\n\n".join(part for bench in found for part in _of(bench))


def _of(bench: Bench) -> Iterator[str]:
    versions = ", ".join(f"{name} {bench.versions[name]}" for name in ("torch", "transformers"))
    yield (
        f"**Frames of {bench.image}**, {bench.hardware['name']}, {bench.finished[:10]}, "
        f"{versions}, in {bench.took_seconds:.0f} seconds:"
    )
    yield table(("", *(name for name, _ in _ways(bench))), _rows(bench))
    counted = [f"{name} {way.kernels:,}" for name, way in _ways(bench) if way.kernels]
    yield (
        f"Hours are those of {bench.samples:,} samples, with what is done once: the tower on every "
        f"row's frame. Kernels of a sample: {', '.join(counted)}."
    )
    yield "\n".join(
        f"- {trap.name}: **{'yes' if trap.here else 'no'}**, {trap.why}." for trap in bench.traps
    )


def _ways(bench: Bench) -> list[tuple[str, Timed]]:
    return [(name, bench.ways[name]) for name in WAYS if name in bench.ways]


def _rows(bench: Bench) -> Iterator[tuple[str, ...]]:
    """A row for each figure, a column for each way."""
    ways = [(way, bench.predicted[name]) for name, way in _ways(bench)]
    told = {
        "hours": [rounded(way.hours) for way, _ in ways],
        "19 times of 20": [_span(way.hours_low, way.hours_high) for way, _ in ways],
        "hours, estimated": [_span(e.hours_low, e.hours_high) for _, e in ways],
        "seconds a sample": [rounded(way.per_sample) for way, _ in ways],
        "seconds once": [rounded(w.once_seconds) if w.once_seconds else "–" for w, _ in ways],
        "GiB": [f"{way.peak_bytes / GIB:.1f}" for way, _ in ways],
        "GiB, estimated": [f"{expected.memory_bytes / GIB:.1f}" for _, expected in ways],
    }
    return ((name, *cells) for name, cells in told.items())


def _span(low: float, high: float) -> str:
    return f"{rounded(low)} – {rounded(high)}"
