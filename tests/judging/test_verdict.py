"""The verdict function, rule by rule."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.judging import Interval, Key, Value, Verdict, judge, read_printed
from paper_repro.judging.verdict import compare

STATED = Key("stated")


@pytest.mark.parametrize(
    ("printed", "found", "verdict"),
    [
        ("16", 16, Verdict.HOLDS),
        ("18M", 18_000_000, Verdict.HOLDS),
        ("18M", 18_464_768, Verdict.HOLDS_ROUNDED),
        ("18M", 18_500_000, Verdict.CONTRADICTED),
        ("18M", 17_500_000, Verdict.HOLDS_ROUNDED),
        ("18M", 4_358_144, Verdict.CONTRADICTED),
        ("<1%", Fraction(1, 5), Verdict.HOLDS),
        ("<1%", 1, Verdict.CONTRADICTED),
        ("6-8", 7, Verdict.HOLDS),
        ("6-8", Interval(Fraction(6), Fraction(7)), Verdict.HOLDS),
        ("6-8", Interval(Fraction(1), Fraction(7)), Verdict.UNDERDETERMINED),
        ("6-8", Interval(Fraction(9), None), Verdict.CONTRADICTED),
        ("6-8", None, Verdict.UNDERDETERMINED),
        ("$10M+", Interval(Fraction(1), Fraction(3)), Verdict.CONTRADICTED),
    ],
)
def test_numbers(printed: str, found: Value, verdict: Verdict) -> None:
    assert compare(read_printed(printed), found) is verdict


@pytest.mark.parametrize(
    ("stated", "found", "verdict"),
    [
        (True, True, Verdict.HOLDS),
        (True, False, Verdict.CONTRADICTED),
        ("a/b", "a/b", Verdict.HOLDS),
        (frozenset("qv"), frozenset("vq"), Verdict.HOLDS),
        (frozenset("qv"), frozenset("q"), Verdict.CONTRADICTED),
        (True, None, Verdict.UNDERDETERMINED),
    ],
)
def test_statements(stated: Value, found: Value, verdict: Verdict) -> None:
    assert compare(stated, found) is verdict


def test_true_only_for_another_variant_is_contradicted_and_names_it() -> None:
    other = Key("seven-modules")
    judgement = judge(read_printed("18M"), {STATED: 4_358_144, other: 18_464_768}, STATED)
    assert judgement.verdict is Verdict.CONTRADICTED
    assert judgement.reconciles == (other,)


def test_another_denominator_of_the_same_variant_is_another_convention() -> None:
    total, own_sum = Key("seven", "total"), Key("seven", "document")
    found = {total: Fraction("0.83"), own_sum: Fraction("0.9007")}
    judgement = judge(read_printed("0.9%"), found, total)
    assert judgement.verdict is Verdict.HOLDS_CONVENTION
    assert judgement.reconciles == (own_sum,)


def test_another_denominator_of_another_variant_stays_contradicted() -> None:
    found = {Key("stated", "total"): Fraction("0.2"), Key("seven", "document"): Fraction("0.9")}
    judgement = judge(read_printed("0.9%"), found, Key("stated", "total"))
    assert judgement.verdict is Verdict.CONTRADICTED


def test_nothing_found_is_not_checked() -> None:
    assert judge(read_printed("18M"), {}, STATED).verdict is Verdict.NOT_CHECKED


def test_a_number_against_a_text_is_a_defect() -> None:
    with pytest.raises(TypeError, match="expected a number"):
        compare(read_printed("18M"), "18M")


@given(st.integers(1, 10**10), st.integers(1, 10**10))
def test_found_in_the_rounding_interval_and_nowhere_else(printed: int, found: int) -> None:
    reading = read_printed(f"{printed:,}")
    holds = compare(reading, found) in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED)
    assert holds == (found in reading.interval)
