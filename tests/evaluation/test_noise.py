"""The noise floor against answers that know everything but the noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.evaluation.noise import (
    CENTRES,
    FIFTHS,
    LEAST_POINTS,
    Floor,
    floor_of,
    region_counts,
    study_noise,
)

NOISE = Fraction(10)
NONE = (Fraction(0),) * 5


def drawn(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Centres, and the points that the paper's script would draw around them."""
    random = np.random.default_rng(seed)
    centres = np.array(CENTRES, float)[random.integers(5, size=count)]
    return centres, centres + random.uniform(-10, 10, (count, 2))


def test_the_study_says_the_noise():
    assert study_noise() == NOISE


def test_every_figure_is_what_the_best_answer_reaches():
    centres, points = drawn(200_000)
    floor = Floor(NOISE, FIFTHS)
    errors = np.abs(centres - points)
    distances = np.hypot(*errors.T)
    assert float(floor.mean_error) == 5.0
    assert errors.mean(axis=0) == pytest.approx(5.0, abs=0.05)
    assert distances.mean() == pytest.approx(floor.mean_distance, abs=0.03)
    assert np.median(distances) == pytest.approx(floor.median_distance, abs=0.05)
    for radius in (1, 5, 10, 12, 14, 15):
        assert (distances <= radius).mean() == pytest.approx(floor.within(radius), abs=0.004)
    sides = (points >= 50) == (centres >= 50)
    assert sides.all(axis=1).mean() == pytest.approx(float(floor.quadrant), abs=0.004)
    assert floor.quadrant == Fraction(85, 100)


@given(st.tuples(*[st.floats(-12, 12)] * 2))
def test_no_other_answer_does_better(moved):
    """An answer beside the centre has a larger error, and fewer points within 10."""
    noise = np.stack(np.meshgrid(*[np.linspace(-9.9, 9.9, 67)] * 2)).reshape(2, -1).T
    distances, best = np.hypot(*(noise - moved).T), np.hypot(*noise.T)
    assert distances.mean() >= best.mean() - 1e-9
    # the grid is of 0.3: points near a circle may fall either way
    assert np.median(distances) >= np.median(best) - 0.1
    assert (distances <= 10).mean() <= (best <= 10).mean() + 0.01


def test_points_without_noise_lower_the_floor():
    half = Floor(NOISE, tuple(share / 2 for share in FIFTHS))
    whole = Floor(NOISE, FIFTHS)
    assert half.mean_error == whole.mean_error / 2 and half.median_distance == 0.0
    assert half.within(10) == pytest.approx((1 + whole.within(10)) / 2)
    assert Floor(NOISE, NONE).within(0.1) == 1.0 and Floor(NOISE, NONE).quadrant == 1


def test_the_median_of_a_mixture():
    """Three of four points carry noise: of these a third lies within the median."""
    floor = Floor(NOISE, tuple(3 * share / 4 for share in FIFTHS))
    noisy = Floor(NOISE, FIFTHS)
    assert noisy.within(floor.median_distance) == pytest.approx(1 / 3)


def test_points_are_known_by_where_they_lie():
    _, points = drawn(1_000)
    floor = floor_of(points.round(1).tolist(), NOISE)
    assert floor is not None and floor.noisy == 1
    assert floor.shares == tuple(
        Fraction(count, 1_000) for count in region_counts(points.round(1), NOISE)
    )
    anywhere = np.random.default_rng(2).uniform(0, 100, (1_000, 2))
    assert floor_of(anywhere.tolist(), NOISE) is None


@pytest.mark.parametrize(
    ("inside", "outside", "applies"),
    [(8, 2, True), (7, 3, False), (LEAST_POINTS - 1, 0, False), (LEAST_POINTS, 0, True)],
)
def test_how_many_must_lie_in_the_regions(inside, outside, applies):
    points = [(25.0, 35.0)] * inside + [(50.0, 5.0)] * outside
    assert (floor_of(points, NOISE) is not None) is applies


def test_the_edge_of_a_region_allows_for_rounding():
    assert region_counts([(35.0, 25.0), (35.05, 14.95), (35.06, 25.0)], NOISE) == (2, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("noise", "shares"), [(0, FIFTHS), (26, FIFTHS), (10, FIFTHS[:4]), (10, (*FIFTHS[:4], 1))]
)
def test_impossible_floors(noise, shares):
    with pytest.raises(ValueError, match="five shares"):
        Floor(Fraction(noise), tuple(map(Fraction, shares)))
