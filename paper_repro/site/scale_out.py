"""How Level 2 trains on several cards, from the record of ``python -m benchmarks.scale_out``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.records import earlier_run
from paper_repro.verify.report.markdown import table

HEAD = (
    "frames",
    "processes",
    "seconds a step",
    "samples a second",
    "efficiency",
    "memory a process",
    "adding up",
    "losses apart",
    "one adapter",
)


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
        "Adding up is the time that the gradients' sum takes by itself, as a share of a step."
    )


def _measured(record: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Size of frame, number of processes, and what they measured, by size."""
    for size in record["sizes"]:
        for world, found in record["processes"].items():
            if size in found["sizes"]:
                yield size, int(world), found["sizes"][size]


def _row(size: str, world: int, one: Mapping[str, Any]) -> tuple[str, ...]:
    several, known = world > 1, one["efficiency"] is not None
    sent = f"{one['communication']:.1%} ({one['add_up']['bytes'] / 1e6:.1f} MB)"
    return (
        _shown(size),
        str(world),
        f"{one['step']:.4g} ({one['least']:.4g} – {one['most']:.4g})",
        f"{one['samples_a_second']:.4g}",
        f"{one['efficiency']:.1%}" if several and known else "–",
        f"{max(one['peaks']) / 1e9:.2f} GB" if any(one["peaks"]) else "–",
        sent if several else "–",
        f"{one['losses_apart']:.1e}" if several and known else "–",
        ("yes" if one["same_adapter"] else "**no**") if several else "–",
    )


def _said(record: Mapping[str, Any]) -> Iterator[str]:
    """What each number of processes comes to that can be held against one."""
    several = [one for one in _measured(record) if one[1] > 1 and one[2]["efficiency"] is not None]
    for world in sorted({world for _, world, _ in several}):
        each = [(size, one) for size, number, one in several if number == world]
        reached = "; ".join(
            f"{world * one['efficiency']:.2f} times as fast as one at {_shown(size)}, an "
            f"efficiency of {one['efficiency']:.1%}"
            for size, one in each
        )
        apart = max(one["losses_apart"] for _, one in each)
        losses = f"differ by {apart:.1e} at most, relatively" if apart else "are the same numbers"
        same = all(one["same_adapter"] and one["same_losses"] for _, one in each)
        yield (
            f"{world} processes are {reached}. Their losses and those of one process {losses}; "
            f"{'all' if same else '**not** all'} end with the same losses and adapter, bit for bit."
        )


def _shown(size: str) -> str:
    """``224x224`` as it is written."""
    return size.replace("x", " × ")


def _failures(record: Mapping[str, Any]) -> Iterator[str]:
    for world, found in record["processes"].items():
        if "failed" in found:
            counted = "1 process" if world == "1" else f"{world} processes"
            yield f"**Not checked to its end** with {counted}: `{found['failed']}`"
