"""Numbers as they are printed: to two digits, and as spans."""

from __future__ import annotations

from collections.abc import Callable

from paper_repro.judging import Interval


def rounded(value: float) -> str:
    """A number to two digits that count, written out."""
    return f"{float(f'{value:.2g}'):,.10g}"


def ends(interval: Interval) -> tuple[float, float]:
    """Of a closed interval, as floating-point numbers."""
    assert interval.low is not None and interval.high is not None
    return float(interval.low), float(interval.high)


def span(interval: Interval, written: Callable[[float], str] = rounded) -> str:
    """A closed interval, or one number where its ends are written the same."""
    low, high = map(written, ends(interval))
    return low if low == high else f"{low} – {high}"
