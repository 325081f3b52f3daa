"""Values as people read them, and as JSON holds them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction

from paper_repro.judging import Interval, Value
from paper_repro.judging.interval import format_bound, format_number
from paper_repro.verify.result import Found

OPEN = "open"
_SUFFIX = {"percent": " %", "US dollars": " US dollars", "rank": "", "scale": "", "year": ""}


def display(value: Value, unit: str) -> str:
    """A value with its unit: ``4,358,144 parameters``, ``0.1973 %``, ``yes``, ``a, b``."""
    if value is None:
        return OPEN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    suffix = _SUFFIX.get(unit, f" {unit}")
    if isinstance(value, Interval):
        return f"{_span(value)}{suffix}"
    if unit == "year":
        return str(value)
    return f"{format_number(value)}{suffix.removesuffix('s') if value == 1 else suffix}"


def _span(value: Interval) -> str:
    if value.low is None and value.high is None:
        return "any number of"
    if value.high is None:
        assert value.low is not None
        low = format_bound(value.low, ROUND_FLOOR)
        return f"{'at least' if value.low_closed else 'more than'} {low}"
    if value.low is None:
        high = format_bound(value.high, ROUND_CEILING)
        return f"{'at most' if value.high_closed else 'less than'} {high}"
    return f"{format_bound(value.low)} to {format_bound(value.high)}"


def jsonable(value: Value) -> Found:
    """A value as JSON holds it: fractions as numbers, sets as sorted lists."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Interval):
        return {
            "low": None if value.low is None else float(value.low),
            "high": None if value.high is None else float(value.high),
        }
    return value
