"""Put the safe words in place of the flagged ones."""

from __future__ import annotations

from collections.abc import Iterable

from paper_repro.manuscript.finding import Finding, Swap


def swapped(source: str, findings: Iterable[Finding]) -> tuple[str, int]:
    """A text with every safe swap made, and how many there were."""
    swaps = sorted({finding.swap for finding in findings if finding.swap})
    made: list[Swap] = []
    for swap in swaps:
        if not made or swap.start >= made[-1].end:
            made.append(swap)
    for swap in reversed(made):
        source = source[: swap.start] + swap.words + source[swap.end :]
    return source, len(made)
