"""Each statistic on the rows as they are, and on rows drawn again, by hand and by libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from paper_repro.evaluation.marks import Classes
from paper_repro.evaluation.statistics import (
    UNREAD_NAME,
    confusion,
    macro_f1,
    mean,
    median,
    per_class,
    share,
    within,
)

LABELS = ("nasal", "sellar", "tumor_removal", "closure")
# truth:      nasal ×4       sellar ×3   closure ×2; tumor_removal never occurs
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 3, 3])
FOUND = np.array([0, 0, 1, -1, 1, 1, 2, 3, 0])
COUNTS = st.lists(st.integers(0, 3), min_size=9, max_size=9).filter(any)


def test_a_share():
    found = share(np.array([True, False, True, True]))
    assert (found.value, found.n, found.successes) == (0.75, 4, 3)


def test_macro_f1_by_hand():
    """nasal: 2 of 3 answers, 2 of 4 truths; sellar: 2 of 3, 2 of 3; closure: 1 of 1, 1 of 2."""
    by_hand = (2 * 2 / (3 + 4) + 2 * 2 / (3 + 3) + 2 * 1 / (1 + 2)) / 3
    found = macro_f1(TRUTH, FOUND)
    assert found.value == pytest.approx(by_hand)
    assert found.n == 9 and found.successes is None


def test_confusion_and_classes_by_hand():
    one = Classes("phase_classification", LABELS, np.arange(9), TRUTH, FOUND)
    assert confusion(one) == [
        [2, 1, 0, 0, 1], [0, 2, 1, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 0],
    ]  # fmt: skip
    found = per_class(one)
    assert found["nasal"] == pytest.approx({"precision": 2 / 3, "recall": 0.5, "f1": 4 / 7, "n": 4})
    assert found["tumor_removal"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 0}
    assert UNREAD_NAME not in found


@given(COUNTS)
def test_weights_say_how_often_a_row_is_drawn(counts):
    """The weighted value is that of the rows written out."""
    values = np.array([3.0, 1.5, 8.0, 8.0, 2.0, 0.5, 9.0, 4.0, 7.0])
    rows = np.repeat(np.arange(9), counts)
    weights = np.array([counts], dtype=float)

    def weighted(quantity):
        return float(quantity.reweighted(weights)[0])

    assert weighted(share(values > 3)) == pytest.approx((values > 3)[rows].mean())
    assert weighted(mean(values)) == pytest.approx(values[rows].mean())
    assert weighted(median(values)) == np.median(values[rows])
    there = np.unique(np.concatenate([TRUTH[rows], FOUND[rows]]))
    there = there[np.isin(there, TRUTH)]
    expected = f1_score(TRUTH[rows], FOUND[rows], labels=there, average="macro", zero_division=0)
    assert weighted(macro_f1(TRUTH, FOUND)) == pytest.approx(expected)


@given(arrays(float, st.integers(1, 30), elements=st.floats(0, 142)))
def test_undrawn_values_are_numpys(values):
    every = np.ones((1, len(values)))
    for quantity, known in ((mean(values), values.mean()), (median(values), np.median(values))):
        assert quantity.value == known and quantity.n == len(values)
        assert float(quantity.reweighted(every)[0]) == pytest.approx(known)


def test_a_distance_is_compared_as_a_decimal_number():
    tens = np.array([(tenths + 100) / 10 - tenths / 10 for tenths in range(901)])
    assert (tens > 10).any()  # in binary
    assert within(tens, 10).all()
    assert within(np.array([10.05, np.nan]), 10).tolist() == [False, False]
