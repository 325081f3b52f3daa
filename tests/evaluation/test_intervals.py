"""Wilson's intervals by his own formula, and the bootstrap against the law that it imitates."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from paper_repro.evaluation.intervals import bootstrap, wilson
from paper_repro.evaluation.statistics import mean, median, share

Z = float(norm.ppf(0.975))
METHOD = "bootstrap over rows"


def formula(successes: int, n: int) -> tuple[float, float]:
    """The two roots of (p - s/n)² = z² p (1 - p) / n."""
    p = successes / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return middle - half, middle + half


@given(st.integers(1, 3000), st.data())
def test_wilsons_interval_is_his_formula(n, data):
    successes = data.draw(st.integers(0, n))
    found = wilson(successes, n)
    assert (found.low, found.high) == pytest.approx(formula(successes, n), abs=1e-9)
    assert 0 <= found.low <= successes / n <= found.high <= 1
    assert (found.method, found.groups) == ("Wilson", n)


def test_wilsons_interval_of_the_papers_figure():
    found = wilson(814, 1014)
    assert (round(found.low, 3), round(found.high, 3)) == (0.777, 0.826)


def test_wilsons_interval_covers_as_it_says():
    for p in (0.1, 0.5, 0.803):
        held = sum(
            binom.pmf(k, 100, p)
            for k in range(101)
            if wilson(k, 100).low <= p <= wilson(k, 100).high
        )
        assert 0.92 < held < 0.98, p


@pytest.fixture
def values():
    return np.random.default_rng(5).gamma(2.0, 4.0, 300)


def test_the_same_seed_gives_the_same_interval_and_another_another(values):
    quantity = mean(values)
    first, again, other = (
        bootstrap([quantity.reweighted], np.arange(300), seed, METHOD)[0] for seed in (0, 0, 1)
    )
    assert first == again and first != other
    assert first.low == pytest.approx(other.low, rel=0.02)
    assert (first.method, first.groups) == (METHOD, 300)


def test_the_bootstrap_of_a_mean_is_the_normal_one(values):
    (found,) = bootstrap([mean(values).reweighted], np.arange(300), 0, METHOD)
    half = Z * values.std() / sqrt(300)
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_it_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(11)
    held = {"mean": 0, "median": 0}
    for _ in range(200):
        drawn = random.normal(3.0, 2.0, 60)
        made = [mean(drawn), median(drawn)]
        found = bootstrap([one.reweighted for one in made], np.arange(60), 0, METHOD, 500)
        for name, interval in zip(held, found, strict=True):
            held[name] += interval.low <= 3.0 <= interval.high
    assert 180 <= held["mean"] <= 200 and 180 <= held["median"] <= 200


def test_groups_are_drawn_as_a_whole(values):
    """Ten copies of each value are worth one: the interval is that of the values alone."""
    (alone,) = bootstrap([mean(values[:40]).reweighted], np.arange(40), 3, METHOD)
    copies, groups = np.repeat(values[:40], 10), np.repeat(np.arange(40), 10)
    (grouped,) = bootstrap([mean(copies).reweighted], groups, 3, METHOD)
    (apart,) = bootstrap([mean(copies).reweighted], np.arange(400), 3, METHOD)
    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high))
    assert grouped.groups == 40
    assert apart.high - apart.low < 0.5 * (grouped.high - grouped.low)


def test_many_units_are_resampled_in_parts_without_a_difference(values, monkeypatch):
    statistics = [mean(values).reweighted, share(values > 8).reweighted]
    whole = bootstrap(statistics, np.arange(300), 2, METHOD, 200)
    monkeypatch.setattr("paper_repro.evaluation.intervals._NUMBERS_AT_ONCE", 300 * 7)
    assert bootstrap(statistics, np.arange(300), 2, METHOD, 200) == whole
