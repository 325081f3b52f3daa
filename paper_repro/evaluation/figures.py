"""The figures of an evaluation, as SVG and PNG: confusion, where points went, how far they missed.

``draw(evaluation)`` gives the bytes of each file by its name. Figures are drawn for a stage: large
type, white ground, colours that colour-blind readers can tell apart, and never colour alone. Those
of drawn frames say so in their title. The same evaluation gives the same bytes.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_repro.evaluation.marks import PHASE, STEP, Classes, Floats
from paper_repro.evaluation.metrics import quadrants
from paper_repro.evaluation.results import Evaluation
from paper_repro.evaluation.statistics import UNREAD_NAME, confusion
from paper_repro.evaluation.wording import DRAWN_FRAMES, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURES = {
    "confusion_phases": "Phases: what the truth says, and what was answered",
    "confusion_steps": "Steps: what the truth says, and what was answered",
    "error_map": "Points: where they are, where the answers put them, and by how much they miss",
    "error_distribution": "Distances between answer and truth",
}
"""Name and description of every figure, in the order of the report."""
RIGHT, WRONG = "#0072B2", "#D55E00"
INK, FAINT = "#1f2328", "#4a5160"
ARROWS = 120
_FRAME = 100.0
_DPI = 150
_STYLE: dict[Any, Any] = {
    "font.size": 15,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 18,
    "axes.titleweight": "bold",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "paper_repro",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


def draw(evaluation: Evaluation) -> dict[str, bytes]:
    """Every figure that the rows allow, as ``error_map.svg``, ``error_map.png`` and so on."""
    with _styled():
        made = dict(_figures(evaluation))
        return {
            f"{name}.{kind}": _bytes(figure, kind, FIGURES[name])
            for name, figure in made.items()
            for kind in ("svg", "png")
        }


@contextmanager
def _styled() -> Iterator[None]:
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)  # the first import says that it builds a cache of fonts
    try:
        import matplotlib

        with matplotlib.rc_context(_STYLE):
            yield
    finally:
        logger.setLevel(before)


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, Figure]]:
    classes = evaluation.marks.classes
    for task, name in ((PHASE, "phases"), (STEP, "steps")):
        if task in classes:
            yield f"confusion_{name}", _confusion(classes[task], name.capitalize(), evaluation)
    if evaluation.marks.points.by_label + evaluation.marks.points.by_order:
        yield "error_map", _error_map(evaluation)
        yield "error_distribution", _distribution(evaluation)


def _confusion(one: Classes, name: str, evaluation: Evaluation) -> Figure:
    matrix = np.array(confusion(one))[:-1]
    if not matrix[:, -1].any():
        matrix = matrix[:, :-1]
    labels = [label.replace("_", " ") for label in one.labels]
    columns = [*labels, UNREAD_NAME][: matrix.shape[1]]
    side = 3.2 + 0.64 * len(labels)
    figure, axes = _new(side + 2.2, side + 0.4)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = matrix / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            ink = "white" if shares[row, column] > 0.5 else INK
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=ink)
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#d0d4da", linewidth=1)
    axes.tick_params(which="both", length=0)
    right = int((one.found == one.truth).sum())
    said = (
        f"{right:,} of {counted(len(one.truth), 'answer')} right; shade: share of the truth's row"
    )
    _titled(axes, name, evaluation, len(one.truth), said)
    return figure


def _error_map(evaluation: Evaluation) -> Figure:
    points = evaluation.marks.points
    paired = ~np.isnan(points.found[:, 0])
    truth, found = points.truth[paired], points.found[paired]
    same = quadrants(truth) == quadrants(found)
    figure, (left, right) = _new(15, 8, columns=2)
    shown = np.unique(np.linspace(0, len(truth) - 1, min(ARROWS, len(truth))).astype(int))
    for hits, colour, marker, label in (
        (True, RIGHT, "o", "right quadrant"),
        (False, WRONG, "X", "wrong quadrant"),
    ):
        chosen = shown[same[shown] == hits]
        start, moved = truth[chosen], found[chosen] - truth[chosen]
        left.quiver(*start.T, *moved.T, angles="xy", scale_units="xy", scale=1, color=colour,
                    width=0.004, alpha=0.75)  # fmt: skip
        left.scatter(*start.T, marker=marker, s=45, color=colour, label=label, zorder=3)
        errors = (found - truth)[same == hits]
        right.scatter(*errors.T, marker=marker, s=26, color=colour, alpha=0.45, linewidths=0)
    _frame(left)
    few = f"; {len(shown)} of {len(truth):,} are shown" if len(shown) < len(truth) else ""
    _titled(left, "Points", evaluation, len(truth), f"from the truth to the answer{few}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, markerscale=1.6)
    beyond = _circles(right, np.abs(found - truth).max(axis=1))
    more = [
        *([f"{beyond:,} farther than {_FRAME:.0f}"] if beyond else []),
        *([f"{len(paired) - len(truth):,} missed"] if not paired.all() else []),
    ]
    said = "; ".join(["answer minus truth; circles: 10 and 15 %", *more])
    _titled(right, "Errors", evaluation, len(truth), said)
    return figure


def _frame(axes: Axes) -> None:
    axes.set(xlim=(0, 100), ylim=(100, 0), aspect="equal", xlabel="x, % of width",
             ylabel="y, % of height")  # fmt: skip
    axes.axhline(50, color=INK, linewidth=1.2, linestyle=(0, (5, 4)))
    axes.axvline(50, color=INK, linewidth=1.2, linestyle=(0, (5, 4)))


def _circles(axes: Axes, farthest: Floats) -> int:
    """Axes wide enough for the errors, up to a whole frame; how many lie beyond.

    Args:
        farthest: of each point the larger of its errors in x and y, [points].
    """
    from matplotlib.patches import Circle

    reach = max(20.0, min(_FRAME, 1.05 * float(farthest.max())))
    axes.axhline(0, color="#c3c8cf", linewidth=1, zorder=0)
    axes.axvline(0, color="#c3c8cf", linewidth=1, zorder=0)
    for radius, style in ((10, "solid"), (15, "dashed")):
        axes.add_patch(Circle((0, 0), radius, fill=False, color=INK, linewidth=2, linestyle=style))
    axes.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal",
             xlabel="error in x, % of width", ylabel="error in y, % of height")  # fmt: skip
    return int((farthest > reach).sum())


def _distribution(evaluation: Evaluation) -> Figure:
    points = evaluation.marks.points
    distances = np.hypot(*(points.found - points.truth).T)
    given = distances[~np.isnan(distances)]
    figure, axes = _new(12, 7.2)
    top = min(_FRAME, max(30.0, float(np.ceil(np.percentile(given, 99) / 10) * 10)))
    beyond = int((given > top).sum())
    width = 1.0 if top <= 30 else 2.5
    axes.hist(given[given <= top], bins=np.arange(0, top + width / 2, width), color=RIGHT)
    for radius, style in ((10, "solid"), (15, "dashed")):
        share = evaluation.metrics[f"within_{radius}"].value
        label = f"within {radius}: {100 * share:.1f} % of points"
        axes.axvline(radius, color=INK, linewidth=2, linestyle=style, label=label)
    if (floor := evaluation.floor) is not None:
        label = f"best possible median: {floor.median_distance:.1f}"
        axes.axvline(
            floor.median_distance, color=WRONG, linewidth=4, linestyle="dotted", label=label
        )
    axes.legend(frameon=False, loc="upper right")
    axes.set(xlim=(0, top), xlabel="distance, % of the frame", ylabel="points")
    axes.spines[["top", "right"]].set_visible(False)
    more = [
        f"median {np.median(given):.1f}",
        *([f"{beyond:,} farther than {top:.0f}"] if beyond else []),
        *([f"{len(distances) - len(given):,} missed"] if len(given) < len(distances) else []),
    ]
    _titled(axes, "Distance from the truth", evaluation, len(distances), "; ".join(more))
    return figure


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    margins = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.2)
    figure = Figure(figsize=(width, height), layout=margins)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def _titled(axes: Axes, name: str, evaluation: Evaluation, n: int, said: str) -> None:
    drawn = f", {DRAWN_FRAMES}" if evaluation.drawn else ""
    axes.set_title(f"{name} (n = {n:,}{drawn})", loc="left", pad=34)
    axes.annotate(said, (0, 1), (0, 9), "axes fraction", "offset points", fontsize=14, color=FAINT)


def _bytes(figure: Figure, kind: str, description: str) -> bytes:
    stream = io.BytesIO()
    about = {"Date": None, "Description": description} if kind == "svg" else {}
    figure.savefig(stream, format=kind, dpi=_DPI, metadata=about)
    return stream.getvalue()
