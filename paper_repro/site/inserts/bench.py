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
HEAD = ("way", "hours", "19 times of 20", "estimated", "s a sample", "s once", "GiB (estimated)")


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
    yield table(HEAD, _rows(bench))
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


def _rows(bench: Bench) -> list[tuple[str, ...]]:
    rows = list[tuple[str, ...]]()
    for name, way in _ways(bench):
        expected = bench.predicted[name]
        rows.append(
            (
                name,
                rounded(way.hours),
                f"{rounded(way.hours_low)} – {rounded(way.hours_high)}",
                f"{rounded(expected.hours_low)} – {rounded(expected.hours_high)}",
                rounded(way.per_sample),
                rounded(way.once_seconds) if way.once_seconds else "–",
                f"{way.peak_bytes / GIB:.1f} ({expected.memory_bytes / GIB:.1f})",
            )
        )
    return rows
