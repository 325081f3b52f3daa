"""Printed numbers stand for the interval of values that print so."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.judging import Interval, read_printed

M = 10**6


def half_open(low: float | str, high: float | str) -> Interval:
    return Interval(Fraction(low), Fraction(high), True, False)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("18M", half_open(17_500_000, 18_500_000)),
        ("~18M", half_open(17_500_000, 18_500_000)),
        ("≈ 18 million", half_open(17_500_000, 18_500_000)),
        ("18,000,000", half_open(17_500_000, 18_500_000)),
        ("18{,}464{,}768", half_open("18464767.5", "18464768.5")),
        ("18.0M", half_open(17_950_000, 18_050_000)),
        ("2B params", half_open(1_500 * M, 2_500 * M)),
        ("2,000,000,000", half_open(1_500 * M, 2_500 * M)),
        ("10,139", half_open("10138.5", "10139.5")),
        ("0.9%", half_open("0.85", "0.95")),
        ("0.90 %", half_open("0.895", "0.905")),
        ("16", half_open("15.5", "16.5")),
        ("0", half_open("-0.5", "0.5")),
        ("1000s", half_open(1000, M)),
        ("6-8 hours", Interval(Fraction(6), Fraction(8))),
        ("6–8 h", Interval(Fraction(6), Fraction(8))),
        ("1 to 2M", Interval(Fraction(M), Fraction(2 * M))),
        ("<1%", Interval(None, Fraction(1), high_closed=False)),
        ("≤ 1%", Interval(None, Fraction(1))),
        ("up to 3 days", Interval(None, Fraction(3))),
        ("more than 5", Interval(Fraction(5), None, low_closed=False)),
        ("$10M+", Interval(Fraction(10 * M), None)),
        ("at least 4", Interval(Fraction(4), None)),
    ],
)
def test_reads(text: str, interval: Interval) -> None:
    assert read_printed(text).interval == interval


@pytest.mark.parametrize("text", ["", "many", "M", "8-6 hours", "18M of 20M", "1,00", "<", "--3"])
def test_refuses_what_it_cannot_read(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_printed(text)


@given(st.integers(1, 10**12), st.integers(0, 3))
def test_a_value_lies_in_the_interval_of_how_it_prints(value: int, places: int) -> None:
    millions = (Decimal(value) / M).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    assert value in read_printed(f"{millions}M").interval


@given(st.integers(1, 10**12))
def test_a_value_lies_in_the_interval_of_its_truncation(value: int) -> None:
    printed = read_printed(f"{value // M}.{value % M // 10**5}M")
    assert printed.truncation is not None
    assert value in printed.truncation


@given(st.integers(1, 999), st.integers(1, 3), st.sampled_from(["", "~", "≈ ", "about "]))
def test_zeros_and_approximation_signs_change_nothing(n: int, groups: int, sign: str) -> None:
    zeros = ",000" * groups
    scale = {1: "K", 2: "M", 3: "B"}[groups]
    scaled = read_printed(f"{n}{scale}").interval
    spelled = read_printed(f"{sign}{n}{zeros}").interval
    assert spelled == scaled if n % 10 else scaled.inside(spelled)


@given(st.text(max_size=20))
def test_never_breaks(text: str) -> None:
    try:
        printed = read_printed(text)
    except ValueError as error:
        assert "expected" in str(error)
    else:
        assert printed.exact is None or printed.exact in printed.interval
