"""The metrics of predictions, each with its n, its interval, chance and the best possible.

``evaluate(predictions)`` gives an :class:`~paper_repro.evaluation.results.Evaluation`. Definitions
follow the author's ``evaluate_unified_vlm.py`` (at commit addc7d8), with these deviations: every
point of a row counts, not the first alone; an answer that cannot be read is wrong in the quadrant
accuracy too (there it is left out, and that figure is given beside it); macro F1 is over the
classes that occur in the truth; a label is a whole word, and an answer that names two labels names
none. What a metric lacks the rows for is absent, with the reason. No model is needed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paper_repro.data.points import Point, quadrant
from paper_repro.errors import UserError
from paper_repro.evaluation import chance
from paper_repro.evaluation.collecting import Collected
from paper_repro.evaluation.marks import PHASE, STEP, Floats, Integers, Marks, Points, Truths, marks
from paper_repro.evaluation.noise import FIFTHS, Floor, floor_of, study_noise
from paper_repro.evaluation.predictions import DRAWN, Prediction
from paper_repro.evaluation.results import PERCENT_OF_FRAME, TITLES, Evaluation
from paper_repro.evaluation.statistics import macro_f1, mean, median, share, within

RADII = (10, 15)
ROWS, POINTS, PAIRED = "rows", "points", "paired points"


def evaluate(predictions: Sequence[Prediction], seed: int = 0, drawn: bool = False) -> Evaluation:
    """Score predictions.

    Args:
        seed: of the bootstrap; the same seed gives the same intervals.
        drawn: whether the frames are the package's own drawings; also read off the predictions.

    Raises:
        UserError: there is no prediction, or none whose truth can be told.
    """
    sorted_out = marks(predictions)
    if len(sorted_out.unscorable) == len(predictions):
        raise _nothing(sorted_out)
    drawn = drawn or any(one.frames == DRAWN for one in predictions)
    noise = study_noise()
    floor = None if noise is None or drawn else floor_of(sorted_out.points.truth.tolist(), noise)
    names = [one.video for one in predictions]
    found = Collected(names, seed)
    _parse(found, sorted_out)
    _pointing(found, sorted_out.points, floor)
    for task, name in ((PHASE, "phase"), (STEP, "step")):
        _classes(found, sorted_out, task, name)
    _others(found, sorted_out)
    return Evaluation(
        predictions=tuple(predictions),
        marks=sorted_out,
        metrics={name: found.metrics[name] for name in TITLES if name in found.metrics},
        absent={name: found.absent[name] for name in TITLES if name in found.absent},
        videos=len({name for name in names if name is not None}),
        nameless=sum(name is None for name in names) if any(names) else 0,
        drawn=drawn,
        floor=floor,
        reference_floor=None if noise is None or drawn else Floor(noise, FIFTHS),
        seed=seed,
    )


def _parse(found: Collected, sorted_out: Marks) -> None:
    points, classes = sorted_out.points, list(sorted_out.classes.values())
    labelled = np.concatenate([np.empty(0, np.int64), *(one.rows for one in classes)])
    read = np.concatenate([np.empty(0, bool), *(one.found >= 0 for one in classes)])
    for name, rows, parsed, lacking in (
        ("parse_rate_pointing", points.asked, points.parsed, "no row asks for points"),
        ("parse_rate_classes", labelled, read, "no row asks for a phase or a step"),
        (
            "parse_rate",
            np.concatenate([points.asked, labelled]),
            np.concatenate([points.parsed, read]),
            "no row asks for points, a phase or a step",
        ),
    ):
        if len(rows):
            found.add(rows, ROWS, {name: share(parsed)})
        else:
            found.absent[name] = lacking


def _pointing(found: Collected, points: Points, floor: Floor | None) -> None:
    of_all = ("quadrant_accuracy", *(f"within_{radius}" for radius in RADII))
    of_paired = ("quadrant_accuracy_of_parsed", *PERCENT_OF_FRAME)
    if not len(points.rows):
        found.absent |= dict.fromkeys((*of_all, *of_paired), "no row asks for points")
        return
    errors = np.abs(points.found - points.truth)
    distances = np.hypot(errors[:, 0], errors[:, 1])
    paired = ~np.isnan(distances)
    right = quadrants(points.truth) == quadrants(points.found)
    hits: dict[str, Truths] = {"quadrant_accuracy": right & paired}
    hits |= {f"within_{radius}": within(distances, radius) for radius in RADII}
    chances = chance.of_points(points.truth, quadrants(points.truth), RADII)
    best = _best(floor)
    found.add(points.rows, POINTS, {n: share(hit) for n, hit in hits.items()}, chances, best)
    if not paired.any():
        found.absent |= dict.fromkeys(of_paired, "no answer has a point that can be read")
        return
    errors_of = {
        "quadrant_accuracy_of_parsed": share(right[paired]),
        "mae_x": mean(errors[paired, 0]),
        "mae_y": mean(errors[paired, 1]),
        "mean_distance": mean(distances[paired]),
        "median_distance": median(distances[paired]),
    }
    found.add(points.rows[paired], PAIRED, errors_of, chances, best)


def _best(floor: Floor | None) -> dict[str, float]:
    if floor is None:
        return {}
    return {
        "quadrant_accuracy": float(floor.quadrant),
        "quadrant_accuracy_of_parsed": float(floor.quadrant),
        **{f"within_{radius}": floor.within(radius) for radius in RADII},
        "mae_x": float(floor.mean_error),
        "mae_y": float(floor.mean_error),
        "mean_distance": floor.mean_distance,
        "median_distance": floor.median_distance,
    }


def quadrants(places: Floats) -> Integers:
    """Number of the quadrant, 0 to 3, of each place, [n, 2]; -1 where a coordinate is NaN."""
    names = ("top left", "top right", "bottom left", "bottom right")
    return np.array(
        [-1 if np.isnan(x + y) else names.index(quadrant(Point(x, y, ""))) for x, y in places],
        dtype=np.int64,
    )


def _classes(found: Collected, sorted_out: Marks, task: str, name: str) -> None:
    accuracy, f1 = f"{name}_accuracy", f"{name}_macro_f1"
    one = sorted_out.classes.get(task)
    if one is None:
        found.absent |= dict.fromkeys((accuracy, f1), f"no row asks for a {name}")
        return
    quantities = {accuracy: share(one.found == one.truth), f1: macro_f1(one.truth, one.found)}
    references = chance.of_classes(one.truth, one.labels)
    chances = {accuracy: references[:1], f1: references[1:]}
    found.add(one.rows, ROWS, quantities, chances)


def _others(found: Collected, sorted_out: Marks) -> None:
    if len(sorted_out.others):
        found.add(sorted_out.others, ROWS, {"exact_match": share(sorted_out.others_right)})
    else:
        found.absent["exact_match"] = "every row asks for points, a phase or a step"


def _nothing(sorted_out: Marks) -> UserError:
    first = "; ".join(f"row {row}: {why}" for row, why in sorted_out.unscorable[:3])
    return UserError(
        "There is nothing to score.",
        expected="rows whose truth has points, or names one label of their task",
        got=first or "no prediction",
        next_command="python -m paper_repro evaluate --help",
    )
