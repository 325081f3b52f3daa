"""Shares, means, medians and macro F1, each on the rows as they are and on any reweighting of them.

A :class:`Quantity` holds the value, how many units it is of (at least one), and the function that
a bootstrap asks with weights. All are plain NumPy; the values are those of scikit-learn.
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


def share(hits: Truths) -> Quantity:
    """The share of units that are hits."""
    successes, n = int(hits.sum()), len(hits)
    return Quantity(successes / n, n, partial(_means, hits.astype(np.float64)), successes)


def mean(values: Floats) -> Quantity:
    """The mean."""
    return Quantity(float(values.mean()), len(values), partial(_means, values))


def median(values: Floats) -> Quantity:
    """The median; of an even number of values, the middle of the two."""
    order = np.argsort(values)
    return Quantity(float(np.median(values)), len(values), partial(_medians, values[order], order))


def macro_f1(truth: Integers, found: Integers) -> Quantity:
    """The mean F1 over the classes that occur in the truth; an unread answer is a miss."""
    from sklearn.metrics import f1_score

    there = np.unique(truth)
    value = float(f1_score(truth, found, labels=there, average="macro", zero_division=0))
    return Quantity(value, len(truth), partial(_macro_f1s, truth, found, there))


def within(distances: Floats, radius: float) -> Truths:
    """Which are at most ``radius``, as decimals: 16.1 - 6.1 is a little over 10 in binary."""
    return distances <= radius + 1e-9


def _means(values: Floats, weights: Floats) -> Floats:
    result: Floats = weights @ values / weights.sum(axis=1)
    return result


def _medians(ordered: Floats, order: Integers, weights: Floats) -> Floats:
    until = np.cumsum(weights[:, order], axis=1)
    total = until[:, -1]
    lower = (until >= ((total + 1) // 2)[:, None]).argmax(axis=1)
    upper = (until >= (total // 2 + 1)[:, None]).argmax(axis=1)
    result: Floats = (ordered[lower] + ordered[upper]) / 2
    return result


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
