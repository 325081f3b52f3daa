"""What a blind answer reaches, by asking a blind answerer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from paper_repro.evaluation import chance
from paper_repro.evaluation.metrics import evaluate, quadrants
from tests.evaluation import said

TRUTH = np.array([(10.0, 10.0), (30.0, 20.0), (35.0, 90.0), (80.0, 30.0), (20.0, 40.0)])


def test_the_best_single_place_scores_what_is_said():
    found = chance.of_points(TRUTH, quadrants(TRUTH), (10, 15))
    middle = (30.0, 30.0)
    blind = evaluate(said.pointing([(tuple(place), middle) for place in TRUTH])).metrics
    for name in ("mae_x", "mae_y", "mean_distance", "median_distance", "within_10", "within_15"):
        assert found[name][-1].value == pytest.approx(blind[name].value), name
        assert found[name][-1].what == "always the point (30.0, 30.0)"
    assert [one.value for one in found["quadrant_accuracy"]] == [0.25, 0.6]


def test_no_other_single_place_has_a_smaller_error():
    least = chance.of_points(TRUTH, quadrants(TRUTH), ())["mae_x"][-1].value
    tried = [np.abs(TRUTH[:, 0] - x).mean() for x in np.linspace(0, 100, 1001)]
    assert least == pytest.approx(min(tried))


def test_always_the_commonest_label():
    truth = np.array([0, 0, 0, 2, 3])
    accuracy, f1 = chance.of_classes(truth, ("nasal", "sellar", "tumor_removal", "closure"))
    always = np.zeros(5, int)
    assert accuracy.value == accuracy_score(truth, always)
    known = f1_score(truth, always, labels=[0, 2, 3], average="macro", zero_division=0)
    assert f1.value == pytest.approx(known)
    assert accuracy.what == f1.what == "always nasal"
