"""Hours against the size of frames, beside what the paper prints: for which frames is it true?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from paper_repro.hardware.estimate import Estimate, estimate
from paper_repro.hardware.figures import AMBER, BLUE, GREY, style, write
from paper_repro.hardware.gpus import Gpu
from paper_repro.judging import Interval
from paper_repro.judging.printed import read_printed
from paper_repro.study import Study, Variant

SIDES = (112, 168, 224, 336, 448, 560, 672, 784, 896, 1008, 1120)
"""Of square frames, in pixels."""
CLAIM = "L2.hours"


def printed_hours(study: Study) -> Interval | None:
    """What the paper prints, where it does."""
    claims = [claim for claim in study.claims if claim.id == CLAIM and claim.printed]
    return read_printed(claims[0].printed or "").interval if claims else None


def sweep(
    study: Study, variant: Variant, card: Gpu, way: str, sides: Iterable[int] = SIDES
) -> list[Estimate]:
    """The same run with square frames of one size after another."""
    return [estimate(study, variant, card, (side, side), way) for side in sides]


def agreeing(found: Sequence[Estimate], printed: Interval) -> list[Estimate]:
    """Those whose hours have any in common with the printed ones."""
    assert printed.low is not None and printed.high is not None
    return [
        one
        for one in found
        if (one.hours.low or 0) <= printed.high and (one.hours.high or 0) >= printed.low
    ]


def draw(by_way: dict[str, list[Estimate]], printed: Interval | None, path: Path) -> None:
    """Write a figure, SVG or PNG by its name: a band for every way, the printed hours across."""
    import matplotlib

    with matplotlib.rc_context(style("hours")):
        from matplotlib.figure import Figure

        first = next(iter(by_way.values()))[0]
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        for (name, found), colour in zip(by_way.items(), (AMBER, BLUE), strict=False):
            _band(axes, name, found, colour)
        if printed is not None:
            axes.axhspan(float(printed.low or 0), float(printed.high or 0), color=GREY, alpha=0.3)
            words = f"printed: {float(printed.low or 0):g} – {float(printed.high or 0):g} h"
            axes.text(first.size[0], float(printed.low or 0) * 1.15, words, va="center")
        axes.set(xlabel="side of a square frame, pixels", ylabel="hours", yscale="log")
        axes.set_title(f"{first.passes:,} samples on an {first.card.name}", loc="left", fontsize=11)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower right", frameon=False, bbox_to_anchor=(1, 0.06))
        write(figure, path)


def _band(axes: Any, name: str, found: Sequence[Estimate], colour: str) -> None:
    sides = [one.size[0] for one in found]
    low, high = ([float(end or 0) for end in ends] for ends in zip(*map(_ends, found), strict=True))
    label = f"{name}: {found[0].how.title}"
    axes.fill_between(sides, low, high, color=colour, alpha=0.35, linewidth=0, label=label)
    axes.plot(sides, low, color=colour, linewidth=1.2)
    for before, after in pairwise(found):
        if before.seconds.bound_by == "launches" != after.seconds.bound_by:
            axes.axvline(after.size[0], color=colour, linestyle=":", linewidth=1)
            axes.text(after.size[0], 0.02, " the card decides", color=colour,
                      transform=axes.get_xaxis_transform())  # fmt: skip


def _ends(one: Estimate) -> tuple[Any, Any]:
    return one.hours.low, one.hours.high
