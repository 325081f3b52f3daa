"""The three trainings as bars on one axis of card hours, from the least to the most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paper_repro.hardware.figures import AMBER, BLUE, GREY, TEAL, style, write
from paper_repro.hardware.training import Training
from paper_repro.hardware.training_words import money, scientific
from paper_repro.hardware.words import ends, rounded
from paper_repro.judging import Interval

HIGH = 0.26
"""Of a bar, where rows are one apart."""
MARKS = {"an hour": 1, "a day": 24, "a month": 730, "a year": 8760, "a century": 876_000}
"""Hours that people have a feeling for."""
ENGINES = {"default": ("the package's engine", BLUE), "notebook": ("the notebook's cells", AMBER)}


def draw_trainings(
    found: Sequence[Training], path: Path, printed: tuple[str, Interval] | None = None
) -> None:
    """Write a figure, SVG or PNG by its name: a row for each, dollars at the ends of its bar.

    Args:
        printed: the document's words on pre-training, and the card hours that they ask for.
    """
    import matplotlib

    with matplotlib.rc_context(style("training")):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 1.2 + 1.05 * len(found)), layout="constrained")
        axes = figure.add_subplot()
        for place, one in enumerate(found):
            _row(axes, place, one)
            if printed and one.level == 0:
                _printed(axes, place, *printed)
        _frame(axes, found)
        write(figure, path)


def _row(axes: Any, place: int, one: Training) -> None:
    low, high = ends(one.gpu_hours)
    axes.plot((low, high), (place, place), color=GREY, linewidth=1, zorder=1, solid_capstyle="butt")
    for number, (way, span) in enumerate(one.spans):
        label, colour = ENGINES.get(way, (way, TEAL))
        first, last = ends(span)
        axes.barh(place, last - first, HIGH, first, color=colour, zorder=2)
        edge, side = (first, "left") if number else (last, "right")
        axes.text(edge, place + 0.3, label, color=colour, ha=side, va="center", fontsize=9.5)
    if one.dollars:
        cheap, dear = map(money, ends(one.dollars))
        axes.text(low * 0.8, place, cheap, ha="right", va="center")
        axes.text(high * 1.25, place, dear, ha="left", va="center")
    said = f"{one.name}: {one.weights:,} weights, {scientific(one.flops)} FLOP"
    axes.text(0, place - 0.33, said, transform=axes.get_yaxis_transform(), va="center")


def _printed(axes: Any, place: int, words: str, asks: Interval) -> None:
    """An arrow from the least that the printed words ask for."""
    start = float(asks.low or 0)
    axes.plot((start,), (place + 0.3,), ">", color=GREY, markersize=5)
    axes.text(start * 0.75, place + 0.3, f"printed: {words}", ha="right", va="center", fontsize=9.5)


def _frame(axes: Any, found: Sequence[Training]) -> None:
    lows, highs = zip(*(ends(one.gpu_hours) for one in found), strict=True)
    left, right = min(lows) / 8, max(highs) * 20
    for words, hours in MARKS.items():
        if left < hours < right:
            axes.axvline(hours, color=GREY, linewidth=0.8, alpha=0.3, zorder=0)
            axes.text(hours, 1.01, words, transform=axes.get_xaxis_transform(), ha="center",
                      va="bottom", fontsize=9)  # fmt: skip
    axes.set(xscale="log", xlim=(left, right), ylim=(len(found) - 0.5, -0.55), yticks=())
    axes.set_xlabel(f"hours of one {found[0].card.name}")
    axes.xaxis.set_major_formatter(lambda value, _: rounded(value))
    axes.spines[["top", "right", "left"]].set_visible(False)
