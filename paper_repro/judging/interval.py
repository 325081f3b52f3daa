"""Exact intervals: what a printed number stands for, and what a bound leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Interval:
    """A set of numbers between two bounds; ``None`` means unbounded on that side.

    Bounds are exact fractions in the quantity's own unit (parameters, percent, hours …).
    """

    low: Fraction | None = None
    high: Fraction | None = None
    low_closed: bool = True
    high_closed: bool = True

    def __post_init__(self) -> None:
        if self.low is None or self.high is None:
            return
        empty = self.low > self.high or (
            self.low == self.high and not (self.low_closed and self.high_closed)
        )
        if empty:
            raise ValueError(f"expected low ≤ high, got {self}")

    @classmethod
    def point(cls, value: int | Fraction) -> Interval:
        """The interval that holds one number alone."""
        return cls(Fraction(value), Fraction(value))

    def __contains__(self, value: int | Fraction) -> bool:
        above = self.low is None or value > self.low or (self.low_closed and value == self.low)
        below = self.high is None or value < self.high or (self.high_closed and value == self.high)
        return above and below

    def inside(self, other: Interval) -> bool:
        """Whether every number of this interval is in ``other``."""
        low_ok = other.low is None or (
            self.low is not None
            and (
                self.low > other.low
                or (self.low == other.low and (other.low_closed or not self.low_closed))
            )
        )
        high_ok = other.high is None or (
            self.high is not None
            and (
                self.high < other.high
                or (self.high == other.high and (other.high_closed or not self.high_closed))
            )
        )
        return low_ok and high_ok

    def meets(self, other: Interval) -> bool:
        """Whether some number is in both intervals."""
        return not (self._wholly_below(other) or other._wholly_below(self))

    def _wholly_below(self, other: Interval) -> bool:
        if self.high is None or other.low is None:
            return False
        return self.high < other.low or (
            self.high == other.low and not (self.high_closed and other.low_closed)
        )

    def scaled(self, factor: int | Fraction) -> Interval:
        """Every number multiplied by a positive factor."""
        if factor <= 0:
            raise ValueError(f"expected a positive factor, got {factor}")
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Interval(low, high, self.low_closed, self.high_closed)

    def __str__(self) -> str:
        left = "[" if self.low_closed and self.low is not None else "("
        right = "]" if self.high_closed and self.high is not None else ")"
        low = "-∞" if self.low is None else format_number(self.low)
        high = "∞" if self.high is None else format_number(self.high)
        return f"{left}{low}, {high}{right}"


def format_number(value: int | Fraction) -> str:
    """Print a number for people: whole numbers in full, others to four significant digits."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    number = float(f"{float(exact):.4g}")
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def format_bound(value: int | Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """Print an end of an interval: whole numbers in full, others to two significant digits.

    Args:
        rounding: one of ``decimal``'s; a bound alone is rounded away from what it bounds.
    """
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    shown = Context(prec=2, rounding=rounding).divide(
        Decimal(exact.numerator), Decimal(exact.denominator)
    )
    return f"{shown.normalize():,f}"
