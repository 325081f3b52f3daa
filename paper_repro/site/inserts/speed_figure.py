"""A record of ``python -m benchmarks.speed`` as a figure: samples a second, by trainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from paper_repro.site.figures import GREY, TEAL, WIDTH, Figure, text
from paper_repro.site.inserts.speed_table import PACKAGE, Record, called, measured, rounded, shown

LEFT, ROW, HEADING = 12, 46, 30
LENGTH = WIDTH - 2 * LEFT


class Bar(NamedTuple):
    """One trainer at one size of frame: what it is called, samples a second, and the words beside
    them."""

    name: str
    rate: float
    label: str
    said: str


def bars(record: Record, size: str) -> list[Bar]:
    """Of the trainers that were measured at a size of frame, the fastest first."""
    found = measured(record, size)
    own = found.get(PACKAGE)
    made = [_bar(record, name, one, own) for name, one in found.items()]
    return sorted(made, key=lambda bar: -bar.rate)


def speed_figure(record: Record) -> Figure:
    """A bar for every trainer at every size of frame; each size has a scale of its own from 0."""
    y, parts, told = 0.0, [], []
    for size in record["sizes"]:
        found = bars(record, size)
        if not found:
            continue
        heading = f"Frames of {shown(size)}: samples a second"
        parts.append(text(LEFT, y + 20, heading, font_weight="600"))
        y += HEADING
        for bar in found:
            parts.append(_drawn(bar, y, found[0].rate))
            y += ROW
        told.append(f"{heading}. " + "; ".join(f"{bar.label}: {bar.said}" for bar in found))
    return Figure("Training speed, by trainer", ". ".join(told), int(y), "".join(parts))


def _bar(
    record: Record, name: str, one: Mapping[str, Any], own: Mapping[str, Any] | None
) -> Bar:  # fmt: skip
    rate = 1 / one["per_sample"]
    differs = ", first update differs" if one["agrees"] is False else ""
    beside = "" if name == PACKAGE or not own else _beside(one["per_sample"] / own["per_sample"])
    return Bar(name, rate, called(record, name) + differs, rounded(rate) + beside)


def _beside(times: float) -> str:
    return f"; the package {rounded(times)} × as fast"


def _drawn(bar: Bar, y: float, most: float) -> str:
    colour = TEAL if bar.name == PACKAGE else GREY
    return (
        text(LEFT, y + 15, bar.label)
        + text(LEFT + LENGTH, y + 15, bar.said, text_anchor="end")
        + f'<rect x="{LEFT}" y="{y + 22:g}" width="{LENGTH * bar.rate / most:.1f}" height="14" '
        f'rx="2" fill="{colour}" fill-opacity="0.9"/>'
    )
