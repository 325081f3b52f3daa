"""Hours against the size of frames, beside what the document prints: where is it true?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from paper_repro.hardware.estimate import Estimate, estimate
from paper_repro.hardware.figures import AMBER, BLUE, GREY, TEAL, style, write
from paper_repro.hardware.gpus import Gpu
from paper_repro.hardware.words import ends, span
from paper_repro.judging import Interval
from paper_repro.judging.printed import read_printed
from paper_repro.study import Study, Variant

SIDES = (112, 168, 224, 336, 448, 560, 672, 784, 896, 1008, 1120)
"""Of square frames, in pixels."""
CLAIM = "L2.hours"
LOOKS = {
    "notebook": (AMBER, "the notebook's cells"),
    "notebook-fp16": (TEAL, "the notebook's cells, in float16"),
    "notebook-today": (AMBER, "the notebook's cells, today's libraries"),
    "default": (BLUE, "the package's engine"),
}
"""Colour of a way, and what a legend calls it."""
ROOM = 3
"""How much further down the axis of hours goes, for a legend below the bands."""
OUTLINED = ("notebook-fp16",)
"""Ways whose band lies upon another's."""


def printed_hours(study: Study) -> Interval | None:
    """What the document prints, where it does."""
    claims = [claim for claim in study.claims if claim.id == CLAIM and claim.printed]
    return read_printed(claims[0].printed or "").interval if claims else None


def ways(card: Gpu) -> list[str]:
    """Those to lay beside one another: the notebook's, in float16 too where that is faster, and the
    engine's."""
    return ["notebook", *(() if card.bf16 else ("notebook-fp16",)), "default"]


def sweep(
    study: Study, variant: Variant, card: Gpu, way: str, sides: Iterable[int] = SIDES
) -> list[Estimate]:
    """The same run with square frames of one size after another."""
    return [estimate(study, variant, card, (side, side), way) for side in sides]


def agreeing(found: Sequence[Estimate], printed: Interval) -> list[Estimate]:
    """Those whose hours have any in common with the printed ones."""
    return [one for one in found if one.hours.meets(printed)]


def by_host(found: Sequence[Estimate]) -> list[Estimate]:
    """Those whose hours the host decides, by how fast it launches."""
    return [one for one in found if one.seconds.bound_by == "launches"]


def sides(met: Sequence[Estimate]) -> str:
    """Sides of square frames in pixels, from the smallest of a sweep's to the largest; or none."""
    if not met:
        return "none"
    return " – ".join(dict.fromkeys(str(one.size[0]) for one in (met[0], met[-1])))


def draw(by_way: dict[str, list[Estimate]], printed: Interval | None, path: Path) -> None:
    """Write a figure, SVG or PNG by its name: a band for every way, the printed hours across.

    The legend says at which sides the two have hours in common.
    """
    import matplotlib

    with matplotlib.rc_context(style("hours")):
        from matplotlib.figure import Figure

        first = next(iter(by_way.values()))[0]
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.add_subplot()
        for name, found in by_way.items():
            _band(axes, name, found, printed)
        if printed is not None:
            _across(axes, *ends(printed))
        axes.set(xlabel="side of a square frame, pixels", ylabel="hours", yscale="log")
        axes.set_title(f"{first.passes:,} samples on an {first.card.name}", loc="left", fontsize=11)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.margins(x=0)
        axes.set_ylim(bottom=axes.get_ylim()[0] / ROOM)
        axes.spines[["top", "right"]].set_visible(False)
        title = f"{span(printed)} h possible at, pixels:" if printed is not None else None
        _legend(axes, title)
        write(figure, path)


def _across(axes: Any, low: float, high: float) -> None:
    axes.axhspan(low, high, color=GREY, alpha=0.45, linewidth=0, zorder=0)
    words = f"printed:\n{low:g} – {high:g} h"
    axes.text(1.01, (low * high) ** 0.5, words, va="center", transform=axes.get_yaxis_transform())


def _band(axes: Any, name: str, found: Sequence[Estimate], printed: Interval | None) -> None:
    colour, label = LOOKS.get(name, (GREY, name))
    if name == "notebook" and not found[0].card.bf16:
        label += ", in bfloat16"
    if printed is not None:
        label += f": {sides(agreeing(found, printed))}"
    along = [one.size[0] for one in found]
    low, high = zip(*(ends(one.hours) for one in found), strict=True)
    outlined = name in OUTLINED
    look = {"edgecolor": colour, "linestyle": (0, (5, 2)), "linewidth": 1.4} if outlined else {}
    face = {"facecolor": (colour, 0.12 if outlined else 0.35), "linewidth": 0}
    axes.fill_between(along, low, high, label=label, **face | look)
    if not outlined:
        axes.plot(along, low, color=colour, linewidth=1.2)


def _legend(axes: Any, title: str | None) -> None:
    axes.legend(
        loc="lower right", frameon=False, title=title, alignment="left", title_fontsize=11
    ).get_title().set_color(GREY)
