"""The reverse solver: which adapters print as a given number of parameters.

``explain("18M", None, architecture)`` finds every rank and set of modules, and every stack that
a study knows, whose count prints so; with a percentage, every denominator too. The order is by
:data:`ORDER`, then by rank, then by modules. No match is an answer; ``chance`` says what a match
is worth (see ``counting.chance``). What is tried, and what is not: ``counting.candidates``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, Literal, NamedTuple

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.candidates import AdapterShape, Candidate, Stack, Tier, candidates
from paper_repro.counting.chance import PrintedValue, chance_of, rounded_to, truncated_to
from paper_repro.counting.denominators import LABELS, denominators, percent
from paper_repro.errors import UserError
from paper_repro.judging import Interval, Printed, read_printed
from paper_repro.judging.printed import quantum

Rounding = Literal["rounded", "truncated"]
ORDER: tuple[tuple[Tier, Rounding], ...] = (
    *((tier, "rounded") for tier in (Tier.USUAL, Tier.KNOWN, Tier.OTHER_MODULES, Tier.OTHER_RANK)),
    *((tier, "truncated") for tier in (Tier.USUAL, Tier.KNOWN, Tier.OTHER_MODULES)),
    (Tier.OTHER_RANK, "truncated"),
    (Tier.OTHER, "rounded"),
    (Tier.OTHER, "truncated"),
)
"""Simplest first. Rounded comes before truncated, but odd ranks on odd sets always come last."""

_LARGEST = 10**15
_LONGEST = 80
_MOST_PERCENT = 105
_EXPLAIN = "python -m paper_repro explain 18M --percent 0.9"


@dataclass(frozen=True)
class Match:
    """One reading of the printed number.

    Attributes:
        adapters: what is trained; several for a stack that trains as several ranks.
        count: trained parameters.
        percent: their share in the denominator, 0 to 100.
        denominator: id of the denominator (``counting.denominators``).
        variant: id of the study's variant that this is, if any.
        rounding: ``truncated`` when the count or the percentage only prints so by cutting off.
        tier: how ordinary it is.
    """

    adapters: tuple[AdapterShape, ...]
    count: int
    percent: Fraction
    denominator: str
    variant: str | None
    rounding: Rounding
    tier: Tier

    @property
    def place(self) -> int:
        """Position of this kind of match in :data:`ORDER`."""
        return ORDER.index((self.tier, self.rounding))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "adapters": [{"r": a.r, "modules": list(a.modules)} for a in self.adapters],
            "count": self.count,
            "percent": float(self.percent),
            "denominator": self.denominator,
            "variant": self.variant,
            "rounding": self.rounding,
            "usual": self.tier is Tier.USUAL,
        }


@dataclass(frozen=True)
class Explanation:
    """What a printed number could stand for.

    Attributes:
        printed: the count as printed.
        percent: the percentage as printed, if one was given.
        matches: all of them, simplest first.
        chance: 0 to 1, see ``counting.chance``.
    """

    printed: str
    percent: str | None
    matches: tuple[Match, ...]
    chance: float

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """Plain data; ``limit`` caps the matches that are listed, never their number."""
        return {
            "printed": self.printed,
            "percent": self.percent,
            "matched": len(self.matches),
            "matches": [match.to_json() for match in self.matches[:limit]],
            "chance": self.chance,
        }


def explain(
    printed: str,
    percent_printed: str | None,
    architecture: Architecture,
    *,
    study_stacks: Sequence[Stack] = (),
    nominal: int | None = None,
    document_sum: int | None = None,
) -> Explanation:
    """Find what a printed number of parameters could stand for.

    Args:
        printed: one number, such as ``18M``, ``~18 million`` or ``18,464,768``.
        percent_printed: the percentage printed beside it, such as ``0.9``, ``0.9%`` or ``<1%``.
        architecture: the base.
        study_stacks: stacks that a study knows (``candidates.known_stacks``).
        nominal: the size in the base's name.
        document_sum: what the document's own breakdown adds up to.

    Raises:
        UserError: when either text is no such number.
    """
    value, share = _read_count(printed), _read_percent(percent_printed)
    everything = tuple(candidates(architecture, study_stacks))
    wholes = denominators(architecture, 0, document_sum, nominal)
    shares = _Shares(wholes, None if share is None else _readings(share))
    matches = tuple(sorted(_matches(everything, _readings(value), shares), key=_simplicity))
    allowed = ORDER[: matches[0].place + 1] if matches else ORDER
    digits, counts = _digits(value), [candidate.parameters for candidate in everything]
    printed_values = _printed_values(everything, digits, shares, frozenset(allowed))
    chance = chance_of(printed_values, min(counts), max(counts), digits)
    return Explanation(printed, percent_printed, matches, chance)


class _Reading(NamedTuple):
    rounding: Rounding
    interval: Interval
    low: float
    high: float

    def holds(self, numerator: int, denominator: int) -> bool:
        if not self.low <= numerator / denominator <= self.high:
            return False
        return Fraction(numerator, denominator) in self.interval


class _Shares(NamedTuple):
    wholes: dict[str, int]
    readings: tuple[_Reading, ...] | None

    def of(self, candidate: Candidate) -> Iterator[tuple[str, int, Rounding]]:
        """The denominators at which the candidate prints as the percentage, and how."""
        if self.readings is None:
            yield "base", self.wholes["base"], "rounded"
            return
        for name, whole in self.wholes.items():
            whole += candidate.added if name == "total" else 0
            how = _fits(100 * candidate.parameters, whole, self.readings)
            if how is not None:
                yield name, whole, how


def _matches(
    everything: Iterable[Candidate], readings: tuple[_Reading, ...], shares: _Shares
) -> Iterable[Match]:
    found: dict[tuple[object, ...], Match] = {}
    for candidate in everything:
        rounding = _fits(candidate.parameters, 1, readings)
        if rounding is None:
            continue
        for name, whole, how in shares.of(candidate):
            match = Match(
                candidate.adapters,
                candidate.parameters,
                percent(candidate.parameters, whole),
                name,
                candidate.variant,
                "rounded" if rounding == how == "rounded" else "truncated",
                candidate.tier,
            )
            found.setdefault((match.adapters, name, match.percent), match)
    return found.values()


def _printed_values(
    everything: Iterable[Candidate],
    digits: int,
    shares: _Shares,
    allowed: frozenset[tuple[Tier, Rounding]],
) -> Iterator[PrintedValue]:
    tiers = {tier for tier, _ in allowed}
    distinct = {(c.parameters, c.added, c.tier): c for c in everything if c.tier in tiers}
    for candidate in distinct.values():
        hows = {how for _, _, how in shares.of(candidate)}
        if "rounded" in hows and (candidate.tier, "rounded") in allowed:
            yield from rounded_to(candidate.parameters, digits)
        if hows and (candidate.tier, "truncated") in allowed:
            yield from truncated_to(candidate.parameters, digits)


def _simplicity(match: Match) -> tuple[int, int, int, int]:
    first = match.adapters[0]
    return match.place, first.r, len(first.modules), tuple(LABELS).index(match.denominator)


def _readings(value: Printed) -> tuple[_Reading, ...]:
    intervals: dict[Rounding, Interval] = {"rounded": value.interval}
    if value.truncation is not None:
        intervals["truncated"] = value.truncation
    return tuple(
        _Reading(
            rounding,
            interval,
            0.0 if interval.low is None else 0.999 * float(interval.low),
            inf if interval.high is None else 1.001 * float(interval.high),
        )
        for rounding, interval in intervals.items()
    )


def _fits(numerator: int, denominator: int, readings: Iterable[_Reading]) -> Rounding | None:
    held = (r.rounding for r in readings if r.holds(numerator, denominator))
    return next(held, None)


def _digits(value: Printed) -> int:
    assert value.exact is not None
    return len(str(int(value.exact / quantum(value.text))))


def _read_count(text: str) -> Printed:
    value = _read(text)
    if value is None or "%" in text or value.exact is None or not 0 < value.exact <= _LARGEST:
        raise UserError(
            "This is not a count of parameters as a paper prints one.",
            expected="one number above 0, such as 18M, ~18 million or 18,464,768",
            got=repr(text)[:100],
            next_command=_EXPLAIN,
        )
    return value


def _read_percent(text: str | None) -> Printed | None:
    value = None if text is None else _read(text)
    if text is None:
        return None
    high = None if value is None else value.interval.high
    if value is None or value.exact == 0 or high is None or not 0 < high <= _MOST_PERCENT:
        raise UserError(
            "This is not a percentage as a paper prints one.",
            expected="a number above 0 and below 100, such as 0.9, 0.9% or <1%",
            got=repr(text)[:100],
            next_command=_EXPLAIN,
        )
    return value


def _read(text: str) -> Printed | None:
    try:
        return read_printed(text) if len(text) <= _LONGEST else None
    except ValueError:
        return None
