"""Estimated over measured seconds as a bar for every run, from the least to the most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paper_repro.hardware.calibration import Measured, error, estimated
from paper_repro.hardware.figures import GREY, style, write
from paper_repro.hardware.sweep import LOOKS
from paper_repro.hardware.ways import WAYS

ROW, REST, HIGH = 0.3, 1.1, 0.5
"""Height of a row and of what is around them, in inches; of a bar, where rows are one apart."""
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8)
AROUND = 1.1
"""How much further than its bars the axis goes to either side."""


def ordered(runs: Sequence[Measured]) -> list[Measured]:
    """By way, then by size of frames, then by card."""
    place = list(WAYS).index
    return sorted(runs, key=lambda run: (place(run.way), run.width * run.height, run.gpu))


def called(run: Measured) -> str:
    """Its way, card and frames, and that it had no dropout where that is so."""
    dropout = "" if run.dropout else ", no dropout"
    return f"{run.way}{dropout}, {run.gpu.upper()}, {run.width} × {run.height}"


def draw_calibration(runs: Sequence[Measured], path: Path) -> None:
    """Write a figure, SVG or PNG by its name: a row a run, a dot in its interval's middle."""
    import matplotlib

    with matplotlib.rc_context(style("calibration")):
        from matplotlib.figure import Figure
        from matplotlib.ticker import NullLocator

        figure = Figure(figsize=(7.2, REST + ROW * len(runs)), layout="constrained")
        axes = figure.add_subplot()
        for place, run in enumerate(runs):
            _row(axes, place, run)
        axes.axvline(1, color=GREY, linewidth=1)
        axes.text(1, 1.01, "as measured", transform=axes.get_xaxis_transform(), ha="center",
                  va="bottom")  # fmt: skip
        axes.set_yticks(range(len(runs)), [called(run) for run in runs])
        axes.set(xscale="log", xlim=_limits(runs), ylim=(len(runs) - 0.5, -0.5))
        axes.set_xlabel("estimated ÷ measured seconds")
        axes.set_xticks([tick for tick in TICKS if axes.get_xlim()[0] < tick < axes.get_xlim()[1]])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        write(figure, path)


def _relative(run: Measured) -> tuple[float, float]:
    low, high = estimated(run).seconds
    return low / run.seconds, high / run.seconds


def _limits(runs: Sequence[Measured]) -> tuple[float, float]:
    lows, highs = zip(*map(_relative, runs), strict=True)
    return min(1, *lows) / AROUND, max(1, *highs) * AROUND


def _row(axes: Any, place: int, run: Measured) -> None:
    low, high = _relative(run)
    colour = LOOKS[run.way][0]
    axes.barh(place, high - low, HIGH, low, color=colour, alpha=0.35, linewidth=0)
    axes.plot((error(run).time,), (place,), "o", color=colour, markersize=5)
