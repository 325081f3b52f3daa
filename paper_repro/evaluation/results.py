"""What an evaluation comes to: metrics by name, and what must be said with them.

These types travel from :mod:`metrics` to the report and the figures; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paper_repro.evaluation.chance import Reference
from paper_repro.evaluation.intervals import Interval
from paper_repro.evaluation.marks import Marks
from paper_repro.evaluation.noise import Floor
from paper_repro.evaluation.predictions import Prediction

TITLES = {
    "parse_rate": "answers that parse",
    "parse_rate_pointing": "points that parse",
    "parse_rate_classes": "classes that parse",
    "quadrant_accuracy": "quadrant accuracy",
    "quadrant_accuracy_of_parsed": "quadrant if parsed",
    "within_10": "distance ≤ 10",
    "within_15": "distance ≤ 15",
    "mae_x": "mean |error| in x",
    "mae_y": "mean |error| in y",
    "mean_distance": "mean distance",
    "median_distance": "median distance",
    "phase_accuracy": "phase accuracy",
    "phase_macro_f1": "phase macro F1",
    "step_accuracy": "step accuracy",
    "step_macro_f1": "step macro F1",
    "exact_match": "others, verbatim",
}
"""Every metric, in the order of every report."""
PERCENT_OF_FRAME = ("mae_x", "mae_y", "mean_distance", "median_distance")


@dataclass(frozen=True)
class Metric:
    """One figure.

    Attributes:
        value: a share of 1; of the errors and distances, percent of the frame.
        n: how many ``units`` it is of.
        by_row: the interval that takes rows for independent.
        by_video: the interval that takes videos for independent; None where they are not named.
        chance: what answers without a look at the frame reach, the best of them last.
        best: what the best possible answer reaches, in expectation; None where nothing limits it.
    """

    value: float
    n: int
    units: str
    by_row: Interval
    by_video: Interval | None
    chance: tuple[Reference, ...] = ()
    best: float | None = None

    @property
    def interval(self) -> Interval:
        """The one to show: by video where there is one."""
        return self.by_video or self.by_row


@dataclass(frozen=True)
class Evaluation:
    """All that was found.

    Attributes:
        metrics: by name, in the order of :data:`TITLES`.
        absent: why a metric is not among them.
        videos: how many different videos the rows name; 0 where they name none.
        nameless: rows that name no video, while others do; each counts as a video of its own.
        floor: for points that are made with noise as the paper's are; else None.
        reference_floor: the same for a fifth of all points in each region.
    """

    predictions: tuple[Prediction, ...]
    marks: Marks
    metrics: Mapping[str, Metric]
    absent: Mapping[str, str]
    videos: int
    nameless: int
    drawn: bool
    floor: Floor | None
    reference_floor: Floor | None
    seed: int
