"""Shares, means, medians and macro F1, each on the rows as they are and on any reweighting of them.

A :class:`Quantity` holds the value, how many units it is of, and the function that a bootstrap
asks with weights. All are plain NumPy; the values are those of SciPy and scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from paper_repro.evaluation.intervals import Statistic
from paper_repro.evaluation.marks import UNREAD, Classes, Floats, Integers, Truths

UNREAD_NAME = "not read"


@dataclass(frozen=True)
class Quantity:
    """One number about some units.

    Attributes:
        n: how many units it is of.
        reweighted: its value for each row of weights, [resamples, units].
        successes: of a share, how many; None for what is no share.
    """

    value: float
    n: int
    reweighted: Statistic
    successes: int | None = None


def share(hits: Truths, of: Truths | None = None) -> Quantity:
    """The share of units that are hits, among those in ``of`` where it is given."""
    of = np.ones(len(hits), dtype=bool) if of is None else of
    successes, n = int((hits & of).sum()), int(of.sum())
    value = successes / n if n else float("nan")
    return Quantity(
        value, n, partial(_ratio, (hits & of).astype(np.float64), of.astype(np.float64)), successes
    )


def mean(values: Floats) -> Quantity:
    """The mean of the values that are not NaN."""
    given = ~np.isnan(values)
    filled = np.where(given, values, 0.0)
    value = float(values[given].mean()) if given.any() else float("nan")
    return Quantity(value, int(given.sum()), partial(_ratio, filled, given.astype(np.float64)))


def median(values: Floats) -> Quantity:
    """The median of the values that are not NaN; of an even number, the middle of the two."""
    given = ~np.isnan(values)
    value = float(np.median(values[given])) if given.any() else float("nan")
    order = np.flatnonzero(given)[np.argsort(values[given])]
    return Quantity(value, int(given.sum()), partial(_medians, values[order], order))


def macro_f1(truth: Integers, found: Integers) -> Quantity:
    """The mean F1 over the classes that occur in the truth; an unread answer is a miss."""
    from sklearn.metrics import f1_score  # type: ignore[import-untyped]

    there = np.unique(truth)
    value = float(f1_score(truth, found, labels=there, average="macro", zero_division=0))
    return Quantity(value, len(truth), partial(_macro_f1s, truth, found, there))


def _ratio(top: Floats, bottom: Floats, weights: Floats) -> Floats:
    below = weights @ bottom
    return np.where(below > 0, weights @ top / np.where(below > 0, below, 1), np.nan)


def _medians(ordered: Floats, order: Integers, weights: Floats) -> Floats:
    if not len(ordered):
        return np.full(len(weights), np.nan)
    until = np.cumsum(weights[:, order], axis=1)
    total = until[:, -1]
    lower = (until >= ((total + 1) // 2)[:, None]).argmax(axis=1)
    upper = (until >= (total // 2 + 1)[:, None]).argmax(axis=1)
    return np.where(total > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)


def _macro_f1s(truth: Integers, found: Integers, there: Integers, weights: Floats) -> Floats:
    """Over the classes that a resample has in truth or answers; F1 = 2 TP / (truth + answers)."""
    is_truth = (truth[:, None] == there) * 1.0
    is_found = (found[:, None] == there) * 1.0
    below = weights @ (is_truth + is_found)
    scores = np.where(below > 0, 2 * (weights @ (is_truth * is_found)) / np.maximum(below, 1), 0)
    result: Floats = scores.sum(axis=1) / np.maximum((below > 0).sum(axis=1), 1)
    return result


def confusion(one: Classes) -> list[list[int]]:
    """Rows by truth, columns by answer; the last row and column are of answers not read."""
    from sklearn.metrics import confusion_matrix

    found = confusion_matrix(one.truth, one.found, labels=[*range(len(one.labels)), UNREAD])
    matrix: list[list[int]] = found.tolist()
    return matrix


def per_class(one: Classes) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and n of each label; 0 where a label is never answered."""
    from sklearn.metrics import precision_recall_fscore_support

    scores = precision_recall_fscore_support(
        one.truth, one.found, labels=range(len(one.labels)), average=None, zero_division=0
    )
    return {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)}
        for label, p, r, f, n in zip(one.labels, *scores, strict=True)
    }
