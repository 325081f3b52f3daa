"""How each verdict looks, everywhere: one word, one symbol, one colour a theme.

Read by the terminal, Markdown and HTML reports and by the site. The word and the symbol carry
the meaning; colour only repeats it. A test holds every pair of inks to a contrast of 4.5.
"""

from __future__ import annotations

from typing import NamedTuple

from paper_repro.judging import Verdict


class Ink(NamedTuple):
    """Text colour and the pale tint it may stand on, for one theme, as ``#rrggbb``."""

    text: str
    tint: str


class Look(NamedTuple):
    """The look of one verdict.

    ``slug`` names it in CSS; ``terminal`` is a Rich style; ``meaning`` explains it to a reader.
    """

    symbol: str
    slug: str
    terminal: str
    light: Ink
    dark: Ink
    meaning: str


LOOKS: dict[Verdict, Look] = {
    Verdict.HOLDS: Look(
        "✓",
        "holds",
        "green",
        Ink("#0b6b43", "#e0f3e8"),
        Ink("#62d29b", "#173529"),
        "What was found is what was printed, at the reading that the claim's place implies.",
    ),
    Verdict.HOLDS_ROUNDED: Look(
        "≈",
        "rounded",
        "green",
        Ink("#44660d", "#edf3d8"),
        Ink("#abcf6c", "#2a3318"),
        "What was found prints so when rounded to the digits that were printed.",
    ),
    Verdict.HOLDS_CONVENTION: Look(
        "⇄",
        "convention",
        "cyan",
        Ink("#0c5c8c", "#deeff9"),
        Ink("#79c1f1", "#16303f"),
        "It does not hold as named, and does with another denominator; name that one.",
    ),
    Verdict.CONTRADICTED: Look(
        "✗",
        "contradicted",
        "bold red",
        Ink("#ad2018", "#fce7e4"),
        Ink("#ff9389", "#45211f"),
        "What was found does not print so. It may hold for another variant, which is then named.",
    ),
    Verdict.UNDERDETERMINED: Look(
        "?",
        "underdetermined",
        "yellow",
        Ink("#775000", "#fbf0d5"),
        Ink("#e9bf62", "#3a2e15"),
        "The check ran, and its evidence allows the printed value and others too.",
    ),
    Verdict.NOT_CHECKED: Look(
        "○",
        "not-checked",
        "dim",
        Ink("#535864", "#ecedf1"),
        Ink("#b4bac6", "#2c3039"),
        "No check that decides it has run here. It is not a pass; the command would check it.",
    ),
    Verdict.CHECK_FAILED: Look(
        "!",
        "check-failed",
        "bold magenta",
        Ink("#871c75", "#fae4f5"),
        Ink("#ef9bdf", "#3d2039"),
        "The check itself broke, so nothing is known. It is not a pass.",
    ),
}
"""Every verdict's look, from best to least known: the order of every summary."""


def labelled(verdict: Verdict) -> str:
    """The verdict's symbol and word, such as ``✗ contradicted``."""
    return f"{LOOKS[verdict].symbol} {verdict}"


def counted(summary: dict[str, int]) -> list[tuple[Verdict, int]]:
    """The verdicts that occur, with their number of claims, in the order of :data:`LOOKS`."""
    return [(verdict, summary[verdict]) for verdict in LOOKS if summary.get(verdict)]
