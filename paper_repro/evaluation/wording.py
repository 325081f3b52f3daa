"""An evaluation in words and cells, for the terminal and for Markdown alike.

``cells(evaluation)`` gives the table, ``notes(evaluation, about)`` what must be said with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from paper_repro.evaluation.intervals import CONFIDENCE, RESAMPLES
from paper_repro.evaluation.noise import LEAST_POINTS, Floor
from paper_repro.evaluation.results import PERCENT_OF_FRAME, TITLES, Evaluation, Metric

HEADINGS = (
    "metric",
    "value",
    f"{CONFIDENCE:.0%} interval".replace("%", " %"),
    "n",
    "chance",
    "best",
)
PARTS = ("parse_rate_pointing", "parse_rate_classes")
"""Shown only where both are there: else they repeat the whole."""
DRAWN_FRAMES = "drawn frames"
_FEW_VIDEOS = 20
_SHOWN = 5
_ABSURD = 1e5


@dataclass(frozen=True)
class About:
    """What was scored, and what is known of it.

    Attributes:
        of: a run's folder or a file, as the user named it.
        split: empty where the predictions name none, or several.
        model: base, adapter and where they ran; None for predictions from a file.
        remarks: lines about the data, such as leaks between the splits.
    """

    of: str
    split: str
    model: dict[str, Any] | None = None
    remarks: tuple[str, ...] = ()


def title(evaluation: Evaluation, about: About) -> str:
    """Such as ``runs/level2, validation: 400 rows (drawn frames)``."""
    split = f", {about.split}" if about.split else ""
    drawn = f" ({DRAWN_FRAMES})" if evaluation.drawn else ""
    return f"{about.of}{split}: {counted(len(evaluation.predictions), 'row')}{drawn}"


def cells(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """The table: one row a metric, in the columns of :data:`HEADINGS`."""
    return [
        (
            TITLES[name],
            value(name, metric.value),
            f"{value(name, metric.interval.low, bare=True)} – {value(name, metric.interval.high)}",
            f"{metric.n:,}",
            value(name, metric.chance[-1].value) if metric.chance else "–",
            "–" if metric.best is None else value(name, metric.best),
        )
        for name, metric in evaluation.metrics.items()
        if name not in PARTS or all(part in evaluation.metrics for part in PARTS)
    ]


def value(name: str, number: float, bare: bool = False) -> str:
    """A metric's value as it is shown: shares as percent, F1 as it is, errors with one decimal."""
    if name in PERCENT_OF_FRAME:
        return f"{number:.1f}" if number < _ABSURD else f"{number:.1e}"
    if name.endswith("macro_f1"):
        return f"{number:.3f}"
    return f"{100 * number:.1f}" + ("" if bare else " %")


def notes(evaluation: Evaluation, about: About) -> list[str]:
    """What must be said with the figures, one sentence or two a note."""
    return [
        *_drawn(evaluation),
        *_model(about),
        *about.remarks,
        *_unscored(evaluation),
        *_units(evaluation),
        *_reading(evaluation),
        *_pairing(evaluation),
        *_intervals(evaluation),
        *_chance(evaluation.metrics.values()),
        *_floor(evaluation),
    ]


def _drawn(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.drawn:
        yield (
            "Drawn frames: these figures are of frames that this package drew, not of surgery. "
            "Their truth is exact but for the rounding to one decimal (±0.05), so no noise in it "
            "limits the scores."
        )


def _model(about: About) -> Iterator[str]:
    if (model := about.model) is not None:
        base, adapter = (
            f"{model[part]} at {model[f'{part}_revision']}"
            if model[f"{part}_revision"]
            else model[part]
            for part in ("base", "adapter")
        )
        asked = f"{adapter} on {base}" if adapter else f"the bare base {base}"
        yield f"Asked: {asked}, in {model['precision']} on {model['device']}, likeliest tokens."


def _unscored(evaluation: Evaluation) -> Iterator[str]:
    left = evaluation.marks.unscorable
    if left:
        named = "; ".join(f"row {row}: {why}" for row, why in left[:_SHOWN])
        more = "; …" if len(left) > _SHOWN else ""
        rows = counted(len(left), "row")
        yield f"Not scored, because the truth cannot be told: {rows} ({named}{more})."


def _units(evaluation: Evaluation) -> Iterator[str]:
    if any(name in evaluation.metrics for name in PERCENT_OF_FRAME):
        yield "Errors and distances are in percent of the frame's width and height."


def _reading(evaluation: Evaluation) -> Iterator[str]:
    points = evaluation.marks.points
    rate = evaluation.metrics.get("parse_rate")
    if rate is not None and rate.value < 1:
        yield "An answer that cannot be read is wrong in every accuracy."
    if "mae_x" in evaluation.metrics and points.missed:
        yield (
            "A point that no answer names is wrong in every accuracy. It is left out of errors and "
            "distances, whose n is therefore smaller."
        )
    if len(points.rows) and "mae_x" not in evaluation.metrics:
        yield "No answer has a point that can be read, so there are no errors and distances."
    if outside := evaluation.marks.points.outside:
        yield f"{counted(outside, 'answered point')} outside the frame, counted as written."


def _pairing(evaluation: Evaluation) -> Iterator[str]:
    points = evaluation.marks.points
    if len(points.rows) > len(points.asked) or points.extra or points.missed:
        extra = (
            f" {counted(points.extra, 'answered point')} beyond those of the truth: worth nothing."
            if points.extra
            else ""
        )
        yield (
            f"Truth: {counted(len(points.rows), 'point')} in {counted(len(points.asked), 'row')}; "
            f"{points.by_label:,} paired by label, {points.by_order:,} by order, "
            f"{points.missed:,} missed.{extra}"
        )


def _intervals(evaluation: Evaluation) -> Iterator[str]:
    metrics = evaluation.metrics
    by_video = [one.by_video.groups for one in metrics.values() if one.by_video]
    if by_video:
        yield _by_video(evaluation, min(by_video), max(by_video))
        alone = ", ".join(TITLES[name] for name, one in metrics.items() if not one.by_video)
        if alone:
            yield f"Rows of one video only, so by row and too narrow: {alone}."
    else:
        named = "All rows are of one video" if evaluation.videos else "No row names its video"
        yield (
            f"{named}: intervals take rows for independent (Wilson for shares, bootstrap for the "
            "rest), and are too narrow where rows share a video."
        )
    if any(one.interval.low == one.interval.high for one in metrics.values()):
        yield (
            "An interval without width says that every resample gave the same figure, not that "
            "the figure is certain."
        )


def _by_video(evaluation: Evaluation, least: int, most: int) -> str:
    count = f"{most}" if least == most else f"{least} to {most}"
    few = ", which is few: read them as rough" if least < _FEW_VIDEOS else ""
    nameless = (
        f" {counted(evaluation.nameless, 'row')} without a video count as one each."
        if evaluation.nameless
        else ""
    )
    return (
        f"Intervals: bootstrap over {count} videos{few} ({RESAMPLES:,} resamples, seed "
        f"{evaluation.seed}), because frames of one video are not independent. A share of 0 or "
        f"100 % has Wilson's, each video counted once.{nameless}"
    )


def _chance(metrics: Iterable[Metric]) -> Iterator[str]:
    said = dict.fromkeys(metric.chance[-1].what for metric in metrics if metric.chance)
    if said:
        yield f"Chance, without a look at the frame: {'; '.join(said)}."


def _floor(evaluation: Evaluation) -> Iterator[str]:
    points, reference = len(evaluation.marks.points.rows), evaluation.reference_floor
    if not points or reference is None:
        return
    if (floor := evaluation.floor) is not None:
        yield (
            f"Best: {100 * float(floor.noisy):.1f} % of the points of the truth lie within "
            f"±{float(floor.noise):g} of one of the five centres around which the paper's script "
            "draws its points. Made so, they allow no more than the last column, in expectation, "
            "however good the model is."
        )
    else:
        why = (
            "The truth does not lie as the paper's script draws it, around five centres"
            if points >= LEAST_POINTS
            else f"{counted(points, 'point')} cannot tell whether the paper's script drew them"
        )
        yield (
            f"{why}, so no noise floor stands beside the figures. For points made so, a fifth in "
            f"each region: {said(reference)}."
        )


def said(floor: Floor) -> str:
    """The floor's figures in one line."""
    return (
        f"quadrant accuracy at most {100 * float(floor.quadrant):.1f} %, mean |error| at least "
        f"{float(floor.mean_error):.1f} in x and in y, mean distance {floor.mean_distance:.1f}, "
        f"median {floor.median_distance:.1f}, within 10 at most {100 * floor.within(10):.1f} %"
    )


def counted(count: int, noun: str) -> str:
    """``1 row`` or ``1,014 rows``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
