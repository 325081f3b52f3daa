"""What an answer reaches that never looks at the frame: the mark that a metric must pass.

For points: the same place for every row, the median of the truth in x and in y, and always the
commonest quadrant. For phases and steps: always the commonest label. These know the truth's
frequencies, so they are a little better than a blind model could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paper_repro.evaluation.marks import Floats, Integers
from paper_repro.evaluation.statistics import within


@dataclass(frozen=True)
class Reference:
    """A value to hold a metric against, and what reaches it."""

    value: float
    what: str


def of_points(
    truth: Floats, quadrants: Integers, radii: Sequence[int]
) -> dict[str, tuple[Reference, ...]]:
    """For each metric of points; ``truth`` is [points, 2], ``quadrants`` their numbers."""
    middle = np.median(truth, axis=0)
    errors = np.abs(truth - middle)
    distances = np.hypot(errors[:, 0], errors[:, 1])
    always = f"always the point ({middle[0]:.1f}, {middle[1]:.1f})"
    commonest = float(np.bincount(quadrants, minlength=4).max() / len(quadrants))
    quadrant = (
        Reference(0.25, "a guess among four quadrants"),
        Reference(commonest, "always the commonest quadrant"),
    )
    same = {
        "mae_x": errors[:, 0].mean(),
        "mae_y": errors[:, 1].mean(),
        "mean_distance": distances.mean(),
        "median_distance": np.median(distances),
        **{f"within_{radius}": within(distances, radius).mean() for radius in radii},
    }
    found = {name: (Reference(float(value), always),) for name, value in same.items()}
    return found | {"quadrant_accuracy": quadrant, "quadrant_accuracy_of_parsed": quadrant}


def of_classes(truth: Integers, labels: Sequence[str]) -> tuple[Reference, Reference]:
    """Accuracy and macro F1 of always the commonest label; ``truth`` holds indices of labels."""
    counts = np.bincount(truth, minlength=len(labels))
    share = float(counts.max() / len(truth))
    what = f"always {labels[int(counts.argmax())].replace('_', ' ')}"
    f1 = 2 * share / (1 + share) / int((counts > 0).sum())
    return Reference(share, what), Reference(f1, what)
