"""What the document says that does not stand, what was found, and what reconciles it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from paper_repro.judging import Verdict
from paper_repro.site.explained import explained
from paper_repro.verify.report.markdown import escape
from paper_repro.verify.report.wording import level_title
from paper_repro.verify.result import ClaimResult, Report


def corrections_part(report: Report) -> str:
    """Every contradicted claim, those with one reason told together, a level at a time."""
    levels = groupby(_contradicted(report), key=lambda claim: claim.level)
    return "\n\n".join(
        part for level, claims in levels for part in _of_level(report, level, list(claims))
    )


def repetition(report: Report) -> str:
    """How many claims are contradicted, and how many corrections mend them all."""
    wrong = _contradicted(report)
    corrections = len(_by_reason(wrong))
    said = f"{len(wrong)} of {len(report.claims)} claims are contradicted"
    if corrections == len(wrong):
        return said
    return f"{said}. Several say one thing in other places: {corrections} corrections mend them all"


def _contradicted(report: Report) -> list[ClaimResult]:
    """Lower levels first."""
    wrong = (claim for claim in report.claims if claim.verdict is Verdict.CONTRADICTED)
    return sorted(wrong, key=lambda claim: claim.level)


def _of_level(report: Report, level: int, claims: Sequence[ClaimResult]) -> Iterator[str]:
    yield f"### {level_title(report, level)}"
    for together in _by_reason(claims):
        yield _entry(together)


def _by_reason(claims: Sequence[ClaimResult]) -> list[list[ClaimResult]]:
    """Claims on one quantity of one variant that were judged alike and are reconciled alike, in the
    order of the first of them."""
    found = dict[tuple[object, ...], list[ClaimResult]]()
    for claim in claims:
        where = claim.quantity, claim.variant, claim.denominator
        found.setdefault((*where, claim.found_text, *claim.reconciles), []).append(claim)
    return list(found.values())


def _entry(claims: Sequence[ClaimResult]) -> str:
    first = claims[0]
    quotes = "; ".join(f"[“{escape(_said(each))}”](claims.md#{each.id})" for each in claims)
    lines = [f"**The document:** {quotes}", f"**Found:** {escape(first.found_text)}."]
    if first.reconciles:
        readings = "; ".join(map(escape, first.reconciles))
        lines.append(f"**It would hold for** {readings}.")
    lines.append(explained(first.explanation))
    lines.append(f"*Why it matters:* {explained(first.consequence)}")
    head, *rest = lines
    return "\n".join([f"- {head}", *(f"\n    {line}" for line in rest)])


def _said(claim: ClaimResult) -> str:
    """What is printed, or where nothing is, the sentence."""
    return claim.printed or claim.quote
