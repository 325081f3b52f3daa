"""Intervals behave as sets: checked against sampled members."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.judging import Interval
from paper_repro.judging.interval import format_bound

BOUND = st.none() | st.integers(-6, 6).map(Fraction)
GRID = [Fraction(n, 4) for n in range(-40, 41)]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = draw(BOUND), draw(BOUND)
    if low is not None and high is not None and low > high:
        low, high = high, low
    closed = (
        (True, True) if low is not None and low == high else draw(st.tuples(*[st.booleans()] * 2))
    )
    return Interval(low, high, *closed)


def members(interval: Interval) -> set[Fraction]:
    return {value for value in GRID if value in interval}


@given(intervals(), intervals())
def test_inside_is_subset(a: Interval, b: Interval) -> None:
    if a.inside(b):
        assert members(a) <= members(b)
    elif a.low is not None and a.high is not None:
        assert not members(a) <= members(b)


@given(intervals(), intervals())
def test_meets_is_a_common_member(a: Interval, b: Interval) -> None:
    assert a.meets(b) == b.meets(a) == bool(members(a) & members(b))


@given(intervals(), st.integers(1, 9))
def test_scaling_keeps_membership(a: Interval, factor: int) -> None:
    scaled = a.scaled(factor)
    assert all((value * factor in scaled) == (value in a) for value in GRID)


@pytest.mark.parametrize(
    ("low", "high", "closed"), [(2, 1, True), (1, 1, False)], ids=["reversed", "empty"]
)
def test_empty_intervals_are_refused(low: int, high: int, closed: bool) -> None:
    with pytest.raises(ValueError, match="expected low ≤ high"):
        Interval(Fraction(low), Fraction(high), True, closed)


def test_scaling_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="positive factor"):
        Interval.point(3).scaled(0)


@given(st.fractions(min_value=Fraction(1, 10**9), max_value=10**9))
def test_printed_bounds_keep_what_they_bound(value: Fraction) -> None:
    low, near, high = (
        Fraction(format_bound(value, rounding).replace(",", ""))
        for rounding in (ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_CEILING)
    )
    assert low <= value <= high and near in (low, high)
    assert value.denominator == 1 or high - low <= value / 10


@pytest.mark.parametrize(
    ("value", "low", "near", "high"),
    [
        (Fraction("0.1845"), "0.18", "0.18", "0.19"),
        (Fraction("123704.5"), "120,000", "120,000", "130,000"),
        (Fraction("0.0004812"), "0.00048", "0.00048", "0.00049"),
        (1710, "1,710", "1,710", "1,710"),
        (Fraction("5.96"), "5.9", "6", "6"),
        (Fraction("-0.155"), "-0.16", "-0.16", "-0.15"),
    ],
)
def test_bounds_are_printed_to_two_digits(value: Fraction, low: str, near: str, high: str) -> None:
    roundings = ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_CEILING
    assert [format_bound(value, each) for each in roundings] == [low, near, high]
