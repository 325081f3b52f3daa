"""The words that all reports share: how a quote, a stated value and a reading are put.

Plain text in, plain text out; each report escapes for its own format.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from paper_repro.judging import Verdict
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.result import ClaimResult, Report

_CODE = re.compile(r"`([^`]+)`")


def by_level(report: Report) -> list[tuple[int, list[ClaimResult]]]:
    """The claims of each level, levels in rising order, claims in the report's own order."""
    ordered = sorted(report.claims, key=lambda claim: claim.level)
    return [(level, list(claims)) for level, claims in groupby(ordered, lambda c: c.level)]


def level_title(report: Report, level: int) -> str:
    """The heading of a level: ``Level 2: Spatial fine-tuning``."""
    title = report.levels.get(str(level), "")
    return f"Level {level}: {title}" if title else f"Level {level}"


def stated(claim: ClaimResult) -> str:
    """What the claim states: the number as printed, or a sentence's assertion in a word."""
    if claim.printed is not None:
        return claim.printed
    match claim.states:
        case bool():
            return "yes" if claim.states else "no"
        case list():
            return ", ".join(claim.states)
        case _:
            return claim.states or "–"


def found(claim: ClaimResult) -> str:
    """What was found, as people read it; a dash where nothing was."""
    return claim.found_text or "–"


def asked(claim: ClaimResult) -> str:
    """What the claim's quantity means, such as ``weights that the optimizer updates``."""
    known = QUANTITIES.get(claim.quantity)
    return known.meaning if known else claim.quantity


def figure(claim: ClaimResult) -> str:
    """What stands in a quote's place for a figure that the document does not print."""
    return f"reported figure: {asked(claim)}"


def said(claim: ClaimResult) -> str:
    """``printed 18M``, or ``stated yes`` for a claim without a number."""
    return f"{'stated' if claim.printed is None else 'printed'} {stated(claim)}"


def needs_reconciling(claim: ClaimResult) -> bool:
    """Whether the claim does not hold as it stands."""
    return claim.verdict in (Verdict.CONTRADICTED, Verdict.HOLDS_CONVENTION)


def reconciliation(claim: ClaimResult) -> str:
    """The readings at which a claim that does not hold would; empty for all others."""
    if not needs_reconciling(claim):
        return ""
    return "; ".join(claim.reconciles) or "no reading in this study"


def is_verbatim(quote: str) -> bool:
    """Whether spaces or line breaks of the quote matter, as in code and drawings."""
    return "\n" in quote or "  " in quote or quote != quote.strip()


def spans(text: str) -> list[tuple[str, bool]]:
    """Prose cut at its `code` spans: pairs of a piece and whether it is code."""
    pieces = _CODE.split(text)
    return [(piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece]


def first_sentences(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """As many whole sentences as measure at most ``limit``; a shortened first one if none does."""
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(text.split()))
    taken = sentences[0]
    for sentence in sentences[1:]:
        if measure(f"{taken} {sentence}") > limit:
            break
        taken = f"{taken} {sentence}"
    return shorten(taken, limit, measure=measure)


def shorten(text: str, limit: int, keep: str = "", measure: Callable[[str], int] = len) -> str:
    """Shorten a quote to one line at word boundaries.

    Args:
        text: the quote; runs of white space become one space.
        limit: the most that the result may measure; at least 1.
        keep: a part to keep in sight, such as the printed number, when the beginning is too
            far from it.
        measure: the width of a string, in the unit of ``limit``.
    """
    line = " ".join(text.split())
    if measure(line) <= limit:
        return line
    head = _cut(line, limit, measure)
    position = line.find(keep)
    if not keep or position < 0 or keep in head:
        return head
    return _cut("… " + line[_start(line, position, keep, limit, measure) :], limit, measure)


def _start(line: str, position: int, keep: str, limit: int, measure: Callable[[str], int]) -> int:
    starts = [0, *(space.end() for space in re.finditer(" ", line[:position]))]
    end = position + len(keep)
    fitting = [start for start in starts if measure("… " + line[start:end] + " …") <= limit]
    return min(fitting, default=starts[-1])


def _cut(line: str, limit: int, measure: Callable[[str], int]) -> str:
    if measure(line) <= limit:
        return line
    words = line.split(" ")
    while len(words) > 1 and measure(" ".join(words) + " …") > limit:
        words.pop()
    shortened = " ".join(words) + " …"
    if measure(shortened) <= limit and words != ["…"]:
        return shortened
    letters = line
    while letters and measure(letters + "…") > limit:
        letters = letters[:-1]
    return letters + "…"
