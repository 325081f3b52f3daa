"""A record as a figure: seconds a sample of every contender, for every size of frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.speed.contenders import PACKAGE, PEERS
from benchmarks.speed.record import Record
from benchmarks.speed.table import shown

GREY, OURS, THEIRS = "#808890", "#12a594", "#8a8f98"
"""Text that is read on white and on black, the package's bars, and the others'."""
_STYLE = {
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "speed",
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}

Bar = tuple[str, float, float]
"""Name, seconds a sample, and how often the package's."""


def bars(record: Record, size: str) -> list[Bar]:
    """Of those that were measured at a size of frame, the fastest first."""
    measured = {
        name: found["sizes"][size]["per_sample"]
        for name, found in record["contenders"].items()
        if name in PEERS and size in found.get("sizes", {})
    }
    own = measured.get(PACKAGE)
    times = {name: seconds / own if own else 1.0 for name, seconds in measured.items()}
    return sorted(
        ((name, seconds, times[name]) for name, seconds in measured.items()),
        key=lambda bar: bar[1],
    )


def labelled(bar: Bar) -> str:
    """What stands at the end of a bar."""
    name, seconds, times = bar
    said = f"{1000 * seconds:.3g} ms"
    return said if name == PACKAGE else f"{said}  ({times:.3g} ×)"


def draw(record: Record, path: Path) -> None:
    """Write it; the ending of the name says in which format."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    sizes = [size for size in record["sizes"] if bars(record, size)]
    heights = [len(bars(record, size)) for size in sizes]
    with matplotlib.rc_context(_STYLE):
        figure, panels = pyplot.subplots(
            len(sizes), 1, sharex=True, squeeze=False, layout="constrained",
            figsize=(7.2, 0.9 + 0.42 * sum(heights) + 0.45 * len(sizes)), height_ratios=heights,
        )  # fmt: skip
        for panel, size in zip(panels.flat, sizes, strict=True):
            _panel(panel, size, bars(record, size))
        panels.flat[-1].set_xlabel("seconds a sample, on a logarithmic axis: shorter is faster")
        figure.savefig(path, transparent=True, metadata=_undated(path))
        pyplot.close(figure)


def _panel(axes: Any, size: str, found: list[Bar]) -> None:
    names = [name for name, _, _ in found]
    seconds = [taken for _, taken, _ in found]
    drawn = axes.barh(names, seconds, color=[OURS if n == PACKAGE else THEIRS for n in names])
    axes.bar_label(drawn, [labelled(bar) for bar in found], padding=4)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(min(seconds) / 2, max(seconds) * 6)
    axes.set_title(f"frames of {shown(size)}", loc="left", fontsize=11)
    axes.invert_yaxis()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _undated(path: Path) -> dict[str, Any] | None:
    return {"Date": None} if path.suffix == ".svg" else None
