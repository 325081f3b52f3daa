"""How Level 2 trains on several cards, from the record of ``python -m benchmarks.scale_out``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.inserts.records import earlier_run
from paper_repro.verify.report.markdown import table

HEAD = ("frames", "processes", "seconds a step", "samples a second", "efficiency", "GB each")


def scale_out_part(path: Path) -> str:
    """Banner, table and what it comes to; seconds, samples a second and GB of a record.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    return scale_out_page(json.loads(path.read_text(encoding="utf-8")))


def scale_out_page(record: Mapping[str, Any]) -> str:
    """The same of a record that is at hand."""
    rows = [_row(size, world, one) for size, world, one in _measured(record)]
    tables = [table(HEAD, rows)] if rows else []
    return "\n\n".join([_banner(record), *tables, *_said(record), *_failures(record)])


def _banner(record: Mapping[str, Any]) -> str:
    where, settings = record.get("where"), record["settings"]
    if not where:
        return "**Not checked:** nothing was measured."
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    cards = f"{where['cards']} × {where['card']}" if where["cards"] else "a CPU, not a card"
    passes = settings["effective"] // settings["a_pass"]
    return earlier_run(
        f"Measured on {where['date']} on {cards}, with {versions}. A step of "
        f"{settings['effective']} samples is {passes} passes of {settings['a_pass']}, shared out; "
        f"{record['stack']}. Medians of {settings['steps']} steps after {settings['warm_up']}, "
        "as long as they are for the slowest process; least and most in brackets. "
        "Efficiency is the time of one process by N times that of N. "
        "Adding gradients up is timed by itself."
    )


def _measured(record: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Size of frame, number of processes, and what they measured, by size."""
    for size in record["sizes"]:
        for world, found in record["processes"].items():
            if size in found["sizes"]:
                yield size, int(world), found["sizes"][size]


def _row(size: str, world: int, one: Mapping[str, Any]) -> tuple[str, ...]:
    known = world > 1 and one["efficiency"] is not None
    return (
        _shown(size),
        str(world),
        f"{one['step']:.4g} ({one['least']:.4g} – {one['most']:.4g})",
        f"{one['samples_a_second']:.4g}",
        f"{one['efficiency']:.1%}" if known else "–",
        f"{max(one['peaks']) / 1e9:.2f}" if any(one["peaks"]) else "–",
    )


def _said(record: Mapping[str, Any]) -> Iterator[str]:
    """What each number of processes comes to, and whether they agree."""
    several = [one for one in _measured(record) if one[1] > 1]
    for world in sorted({world for _, world, _ in several}):
        each = {size: one for size, number, one in several if number == world}
        known = {size: one for size, one in each.items() if one["efficiency"] is not None}
        yield " ".join([*_beside_one(world, known), *_among_themselves(world, each)])


def _beside_one(world: int, each: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if each:
        reached = "; ".join(
            f"{world * one['efficiency']:.2f} times as fast as one at {_shown(size)}, an "
            f"efficiency of {one['efficiency']:.1%}"
            for size, one in each.items()
        )
        apart = max(one["losses_apart"] for one in each.values())
        losses = f"differ by {apart:.1e} at most, relatively" if apart else "are the same numbers"
        yield f"{world} processes are {reached}. Their losses and those of one process {losses}."


def _among_themselves(world: int, each: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for size, one in each.items():
        yield (
            f"Adding up {one['add_up']['bytes'] / 1e6:.1f} MB of gradients takes "
            f"{one['communication']:.1%} of a step at {_shown(size)}."
        )
    same = all(one["same_adapter"] and one["same_losses"] for one in each.values())
    who = f"All {world}" if same else f"**Not** all {world}"
    yield f"{who} processes end with the same losses and adapter, bit for bit."


def _shown(size: str) -> str:
    """``224x224`` as it is written."""
    return size.replace("x", " × ")


def _failures(record: Mapping[str, Any]) -> Iterator[str]:
    for world, found in record["processes"].items():
        if "failed" in found:
            counted = "1 process" if world == "1" else f"{world} processes"
            yield f"**Not checked to its end** with {counted}: `{found['failed']}`"
