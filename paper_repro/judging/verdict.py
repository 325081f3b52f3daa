"""The one pure function from (printed, found, variant, convention) to a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from paper_repro.judging.interval import Interval
from paper_repro.judging.printed import Printed

Value = int | Fraction | bool | str | frozenset[str] | Interval | None
"""What a check found. ``None``: the check ran and the evidence leaves the answer open."""


class Verdict(StrEnum):
    """The seven words of a verdict, from best to least known."""

    HOLDS = "holds"
    HOLDS_ROUNDED = "holds when rounded"
    HOLDS_CONVENTION = "holds under another convention"
    CONTRADICTED = "contradicted"
    UNDERDETERMINED = "underdetermined"
    NOT_CHECKED = "not checked"
    CHECK_FAILED = "check failed"


class Key(NamedTuple):
    """Which reading of the study a value belongs to.

    ``variant`` is ``""`` for what is the same in every variant; ``convention`` is a percentage's
    denominator or ``""``.
    """

    variant: str = ""
    convention: str = ""


@dataclass(frozen=True)
class Judgement:
    """A verdict, and every other key at which the printed value would have held."""

    verdict: Verdict
    reconciles: tuple[Key, ...] = ()


def judge(stated: Printed | Value, found: Mapping[Key, Value], at: Key) -> Judgement:
    """Judge what was stated against what was found at the claim's own variant and convention.

    Args:
        stated: a printed number, or what a claim without a number states (a truth value, a
            text, a set of names).
        found: the value at every key for which a check ran.
        at: the key that the claim's place implies.

    Returns:
        ``not checked`` when nothing was found at the claim's own variant; ``underdetermined``
        when the evidence leaves it open; otherwise whether it holds, with the other keys at
        which it would.
    """
    if at not in found:
        return Judgement(Verdict.NOT_CHECKED)
    own = compare(stated, found[at])
    others = tuple(
        key
        for key in found
        if key != at and compare(stated, found[key]) in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED)
    )
    if own is Verdict.CONTRADICTED and any(key.variant == at.variant for key in others):
        own = Verdict.HOLDS_CONVENTION
    return Judgement(own, others)


def compare(stated: Printed | Value, found: Value) -> Verdict:
    """Compare one stated value with one found value, by the rules of judging."""
    if found is None:
        return Verdict.UNDERDETERMINED
    if not isinstance(stated, Printed):
        return Verdict.HOLDS if stated == found else Verdict.CONTRADICTED
    if isinstance(found, Interval):
        if found.inside(stated.interval):
            return Verdict.HOLDS
        meets = found.meets(stated.interval)
        return Verdict.UNDERDETERMINED if meets else Verdict.CONTRADICTED
    if isinstance(found, str | frozenset | bool):
        raise TypeError(f"expected a number for {stated.text!r}, got {found!r}")
    if found not in stated.interval:
        return Verdict.CONTRADICTED
    if stated.exact is None or stated.exact == found:
        return Verdict.HOLDS
    return Verdict.HOLDS_ROUNDED
