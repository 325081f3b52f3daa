"""Numbers as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.judging import Interval
from paper_repro.manuscript.numbers.numerals import numerals

M = 10**6


def only(text):
    (found,) = numerals(text)
    return found


@pytest.mark.parametrize(
    ("text", "value", "scaled", "percent"),
    [
        ("18M parameters", 18 * M, True, False),
        ("18 million", 18 * M, True, False),
        ("18-million", 18 * M, True, False),
        ("eighteen million", 18 * M, False, False),
        ("18 464 768 of", 18_464_768, False, False),
        ("18,464,768", 18_464_768, False, False),
        ("18.464.768", 18_464_768, False, False),
        ("1.8 × 10^7 weights", 18 * M, False, False),
        ("1.8e7", 18 * M, False, False),
        ("2.2B", 2_200 * M, True, False),
        ("7.5 mio weights", 7_500_000, True, False),
        ("0.9 per cent", Fraction(9, 10), False, True),
        ("0.9%", Fraction(9, 10), False, True),
        ("three epochs", 3, False, False),
        ("half an hour", Fraction(1, 2), False, False),
        ("over 3 epochs", 3, False, False),
    ],
)
def test_one_number(text, value, scaled, percent):
    number = only(text)
    assert number.printed.exact == value
    assert (number.scaled, number.percent) == (scaled, percent)
    assert text[number.start : number.end] == number.text


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("6–8 h", Interval(Fraction(6), Fraction(8))),
        ("6 to 8 hours", Interval(Fraction(6), Fraction(8))),
        ("between 6 and 8 hours", Interval(Fraction(6), Fraction(8))),
        ("2-3M", Interval(Fraction(2 * M), Fraction(3 * M))),
        ("0.8% - 0.9 %", Interval(Fraction(8, 10), Fraction(9, 10))),
        ("<1%", Interval(None, Fraction(1), high_closed=False)),
        ("fewer than 1 %", Interval(None, Fraction(1), high_closed=False)),
        ("over 18M", Interval(Fraction(18 * M), None, low_closed=False)),
        ("10M+", Interval(Fraction(10 * M), None)),
        ("at least 99 %", Interval(Fraction(99), None)),
        ("~18M", Interval(Fraction(35 * M, 2), Fraction(37 * M, 2), high_closed=False)),
    ],
)
def test_ranges_and_bounds(text, interval):
    assert only(text).printed.interval == interval


@pytest.mark.parametrize("text", ["v4.45.0", "Qwen2", "q_proj1", "no number at all"])
def test_what_is_no_number(text):
    assert not list(numerals(text))


def test_two_numbers_that_make_no_range_are_two():
    assert [number.text for number in numerals("rows 16-1 and 9,125 of 10,139")] == [
        "16",
        "1",
        "9,125",
        "10,139",
    ]


@given(st.integers(1, 10**12), st.sampled_from([",", " ", "\u2009"]))
def test_whole_numbers_with_their_digits_in_groups(value, sign):
    grouped = f"{value:,}".replace(",", sign.replace("\u2009", " "))
    if grouped.count(" ") == 1:
        return
    number = only(f"of {grouped} parameters")
    assert number.printed.exact == value


@given(st.decimals("0.01", "999", places=2), st.sampled_from(["k", "M", "B"]))
def test_scaled_numbers(value, letter):
    size = {"k": 10**3, "M": 10**6, "B": 10**9}[letter]
    number = only(f"about {value}{letter} weights")
    assert number.printed.exact == Fraction(value) * size
    assert Fraction(value) * size in number.printed.interval


@given(st.text("0123456789.,-–%~<>+ kMBe×^milon to", max_size=60))
def test_any_text_is_read_in_order_and_in_place(text):
    end = 0
    for number in numerals(text):
        assert end <= number.start <= number.body < number.end
        assert text[number.start : number.end] == number.text
        end = number.end
