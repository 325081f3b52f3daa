"""The report as one HTML file that needs nothing else: no network, no fonts, no other file.

Filters are radio buttons that the style sheet obeys, so they work without JavaScript; the small
script adds a search, opens a claim that the address names, and opens everything for printing.
Everything that a study or document says is escaped by the template engine.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paper_repro.judging import Verdict
from paper_repro.verify.report import wording
from paper_repro.verify.report.style import LOOKS, Look, counted
from paper_repro.verify.result import ClaimResult, Report

TEMPLATES = Path(__file__).parent / "templates"
ROOM, TIGHT = 5.0, 12.0
"""Least width, in percent of the bar, of a segment with room for its number; on a phone."""


class Segment(NamedTuple):
    """One verdict's part of the summary bar; ``start`` and ``width`` in percent."""

    verdict: Verdict
    look: Look
    claims: int
    start: float
    width: float

    @property
    def room(self) -> str:
        """Where its number fits in: ``everywhere``, on ``wide`` screens, or empty."""
        return "everywhere" if self.width >= TIGHT else "wide" if self.width >= ROOM else ""


def to_html(report: Report) -> str:
    """The report as one self-contained HTML document."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        levels=wording.by_level(report),
        looks=LOOKS,
        segments=segments(report.summary),
        tally=tally,
        wording=wording,
    )


def tally(claims: list[ClaimResult]) -> str:
    """How many claims have which verdict, in words."""
    counts = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in LOOKS if counts[verdict])


def segments(summary: dict[str, int]) -> list[Segment]:
    """The parts of the summary bar, from best to least known; together 100 percent."""
    parts: list[Segment] = []
    total = sum(count for _, count in counted(summary))
    start = 0
    for verdict, count in counted(summary):
        width = 100 * count / total
        parts.append(Segment(verdict, LOOKS[verdict], count, 100 * start / total, width))
        start += count
    return parts
