"""What a match is worth: how often a number out of nowhere would match as simply.

**Definition.** Draw a count at random, log-uniformly between the smallest and the largest that
any candidate has, and print it with as many significant digits as the number in question. The
chance is the probability that what is then printed has a match at least as simple as the best one
found; where none was found, any match at all. A percentage, if one was given, stays as it is: a
candidate must print as that too. The probability is a sum over the printed values that match,
each weighted by the logarithm of its interval: nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import NamedTuple


class PrintedValue(NamedTuple):
    """``mantissa`` × 10^``exponent``: a value printed with a given number of digits."""

    mantissa: int
    exponent: int


def rounded_to(count: int, digits: int) -> tuple[PrintedValue, ...]:
    """The values of ``digits`` significant digits whose rounding interval holds a count.

    Usually one; two just under a power of ten, where "9.97" and "10.0" share values.
    """
    exponent = len(str(count)) - digits
    found = []
    for place in (exponent, exponent + 1):
        mantissa = (_scaled(2 * count, place) + 1) // 2
        if 10 ** (digits - 1) <= mantissa < 10**digits:
            found.append(PrintedValue(mantissa, place))
    return tuple(found)


def truncated_to(count: int, digits: int) -> tuple[PrintedValue, ...]:
    """The value of ``digits`` significant digits that cutting a count off leaves."""
    exponent = len(str(count)) - digits
    return (PrintedValue(_scaled(count, exponent), exponent),)


def chance_of(matching: Iterable[PrintedValue], low: int, high: int, digits: int) -> float:
    """The probability that a log-uniform draw from ``low`` to ``high`` prints as one of these."""
    return min(1.0, sum(_probability(value, low, high, digits) for value in set(matching)))


def _probability(value: PrintedValue, low: int, high: int, digits: int) -> float:
    smallest = value.mantissa == 10 ** (digits - 1)
    shift = value.exponent * log(10)
    bottom = log(value.mantissa - (0.05 if smallest else 0.5)) + shift
    top = log(value.mantissa + 0.5) + shift
    inside = min(top, log(high)) - max(bottom, log(low))
    return max(0.0, inside) / (log(high) - log(low))


def _scaled(count: int, place: int) -> int:
    scale: int = 10 ** abs(place)
    return count // scale if place >= 0 else count * scale
