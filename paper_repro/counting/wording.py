"""An explanation in rows and sentences, for whoever prints it.

``groups(explanation)`` gives tables of plain text, ``sentences(explanation)`` what to say above
and below them. Only a few rows of each kind are shown, and what is left out is counted.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from paper_repro.counting.candidates import AdapterShape, Tier
from paper_repro.counting.denominators import LABELS
from paper_repro.counting.explain import ORDER, Explanation, Match

KINDS: dict[Tier, str] = {
    Tier.USUAL: "A power of two as rank, on a usual set of modules",
    Tier.KNOWN: "A stack that the study describes",
    Tier.OTHER_MODULES: "A power of two as rank, on another set of modules",
    Tier.OTHER_RANK: "Another rank, on a usual set of modules",
    Tier.OTHER: "Another rank on another set of modules",
}
_CUT = ", when digits are cut off rather than rounded"


class Row(NamedTuple):
    """One match as text."""

    adapters: str
    parameters: str
    percent: str
    denominator: str
    variant: str


class Group(NamedTuple):
    """Matches of one kind: a title, the first rows, and how many more there are."""

    title: str
    rows: tuple[Row, ...]
    more: int


def groups(explanation: Explanation, rows: int = 4) -> tuple[Group, ...]:
    """Matches by kind, simplest first.

    Where a simple match exists, less ordinary kinds are left to :func:`sentences`; where none
    does, the least ordinary kind is shown only if there is no other.
    """
    shown = _shown(explanation)
    return tuple(
        _group(place, tuple(matches), rows)
        for place, matches in groupby(shown, key=lambda match: match.place)
    )


def left_out(explanation: Explanation) -> int:
    """Number of matches of the kinds that :func:`groups` leaves out."""
    return len(explanation.matches) - len(_shown(explanation))


def sentences(explanation: Explanation) -> tuple[str, ...]:
    """The finding, what is left out, and what a match is worth."""
    said = [_finding(explanation)]
    if hidden := left_out(explanation):
        said.append(
            f"{hidden:,} less ordinary readings match too, as they do for almost any number."
        )
    if explanation.matches and len(_same_count(explanation)) > 1:
        said.append(
            f"A printed count does not identify a configuration: "
            f"{' and '.join(_same_count(explanation)[:3])} have exactly the same."
        )
    worth = "match as simply" if explanation.matches else "have any match"
    said.append(
        f"A random number of the same precision would {worth} {_frequency(explanation.chance)}."
    )
    return tuple(said)


def describe(adapters: tuple[AdapterShape, ...]) -> str:
    """Ranks and modules as text: ``r=16 on q_proj+v_proj``."""
    return ", ".join(f"r={adapter.r} on {'+'.join(adapter.modules)}" for adapter in adapters)


def _shown(explanation: Explanation) -> list[Match]:
    matches = explanation.matches
    if not matches:
        return []
    simple = {Tier.USUAL, Tier.KNOWN}
    if matches[0].rounding == "rounded" and matches[0].tier in simple:
        return [match for match in matches if match.tier in simple]
    ordinary = [match for match in matches if match.tier is not Tier.OTHER]
    return ordinary or list(matches)


def _group(place: int, matches: tuple[Match, ...], rows: int) -> Group:
    tier, rounding = ORDER[place]
    title = KINDS[tier] + (_CUT if rounding == "truncated" else "")
    return Group(title, tuple(map(_row, matches[:rows])), max(0, len(matches) - rows))


def _row(match: Match) -> Row:
    return Row(
        describe(match.adapters),
        f"{match.count:,}",
        f"{float(match.percent):.3g} %",
        LABELS[match.denominator],
        match.variant or "",
    )


def _finding(explanation: Explanation) -> str:
    printed = explanation.printed
    if explanation.percent is not None:
        printed += f" with {explanation.percent.rstrip(' %')} %"
    if not explanation.matches:
        return f"Nothing that was tried prints as {printed}."
    best = explanation.matches[0]
    if best.tier is Tier.USUAL and best.rounding == "rounded":
        return f"{printed} is how {describe(best.adapters)} prints: {best.count:,} parameters."
    if best.rounding == "rounded" and best.tier is Tier.KNOWN:
        return f"{printed} is the study's {best.variant}: {best.count:,} parameters."
    powers = best.rounding == "rounded" and best.tier is Tier.OTHER_MODULES
    where = "a usual set" if powers else "any set"
    return f"No power of two as rank, on {where} of modules, rounds to {printed}."


def _same_count(explanation: Explanation) -> list[str]:
    best = explanation.matches[0]
    same = [m for m in explanation.matches if m.count == best.count and m.place == best.place]
    return list(dict.fromkeys(describe(match.adapters) for match in same))


def _frequency(chance: float) -> str:
    if chance >= 0.01:
        return f"{chance:.0%} of the time"
    return f"once in {round(1 / chance):,} times" if chance > 0 else "never"
