"""Read a number as it was printed into the interval of values that print so.

The rules (``docs/checking.md``): a number stands for its half-open rounding
interval; trailing zeros of an integer are not significant; "~" changes nothing; "<" and ">"
are strict; "6-8" is a range; "10M+" is a lower bound; "1000s" is one to a thousand times 1000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from paper_repro.judging.interval import Interval

SCALES = {
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "million": 10**6,
    "b": 10**9,
    "billion": 10**9,
    "t": 10**12,
    "trillion": 10**12,
}
_NUMBER = r"(?P<digits>\d{1,3}(?:(?:,|\{,\}|_|\u2009|\u202f)\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SCALE = r"(?P<scale>thousand|million|billion|trillion|[kKmMbBtT](?![a-zA-Z]))?"
_NUMERAL = re.compile(rf"\s*\$?\s*{_NUMBER}\s*{_SCALE}\s*(?P<percent>%)?")
_PREFIX = re.compile(
    r"\s*(?P<word>~|≈|about |around |approximately |roughly |up to |at least |at most |over |under "
    r"|more than |less than |<=|>=|<|>|≤|≥)\s*",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:-|–|—|to)\s*")
_UNIT = re.compile(r"\s*(?P<plus>\+)?\s*(?P<unit>[^\d]*)")
_BOUNDS = {
    "<": "below",
    "under": "below",
    "less than": "below",
    "<=": "at most",
    "≤": "at most",
    "up to": "at most",
    "at most": "at most",
    ">": "above",
    "over": "above",
    "more than": "above",
    ">=": "at least",
    "≥": "at least",
    "at least": "at least",
}


@dataclass(frozen=True)
class Printed:
    """A printed number.

    Attributes:
        text: the string as printed.
        interval: the values that print so, unscaled (``18M`` is 17,500,000 to 18,500,000).
        exact: the number itself, where one number was printed; ``None`` for ranges and bounds.
        kind: ``rounded``, ``range`` or ``bound``.
    """

    text: str
    interval: Interval
    exact: Fraction | None
    kind: str

    @property
    def truncation(self) -> Interval | None:
        """The values that print so when digits are cut off instead of rounded."""
        if self.exact is None:
            return None
        step = quantum(self.text)
        return Interval(self.exact, self.exact + step, True, False)


@dataclass(frozen=True)
class _Numeral:
    value: Fraction
    step: Fraction
    scale: str | None
    percent: bool
    end: int


def read_printed(text: str) -> Printed:
    """Read a printed number.

    Args:
        text: such as ``~18M``, ``18,000,000``, ``0.9%``, ``<1%``, ``6-8 hours``, ``$10M+``.

    Raises:
        ValueError: when the text holds no number, or more than this grammar reads.
    """
    bound, start = _read_prefix(text)
    first = _read_numeral(text, start)
    second_start = _RANGE.match(text, first.end)
    if second_start and _NUMERAL.match(text, second_start.end()):
        return _read_range(text, first, _read_numeral(text, second_start.end()))
    tail = _UNIT.fullmatch(text, first.end)
    if tail is None:
        raise ValueError(f"expected one number with a unit, got {text!r}")
    if text[first.end :] == "s" and first.step >= 10:
        return Printed(text, Interval(first.value, first.value * 1000, True, False), None, "range")
    if tail["plus"]:
        bound = "at least"
    if bound:
        return Printed(text, _bound(bound, first.value), None, "bound")
    return Printed(text, _rounding(first), first.value, "rounded")


def quantum(text: str) -> Fraction:
    """The place value of the last significant digit of a printed number."""
    return _read_numeral(text, _read_prefix(text)[1]).step


def _read_prefix(text: str) -> tuple[str | None, int]:
    bound, position = None, 0
    while prefix := _PREFIX.match(text, position):
        bound = _BOUNDS.get(prefix["word"].strip().lower(), bound)
        position = prefix.end()
    return bound, position


def _read_numeral(text: str, start: int) -> _Numeral:
    match = _NUMERAL.match(text, start)
    if match is None:
        raise ValueError(f"expected a number such as 18M, 0.9% or 6-8 hours, got {text!r}")
    digits = re.sub(r"[,_{}\u2009\u202f]", "", match["digits"])
    scale = SCALES[match["scale"].lower()] if match["scale"] else 1
    step = _last_significant_place(digits) * scale
    percent = match["percent"] is not None
    return _Numeral(Fraction(digits) * scale, step, match["scale"], percent, match.end())


def _last_significant_place(digits: str) -> Fraction:
    if "." in digits:
        return Fraction(1, 10 ** len(digits.partition(".")[2]))
    zeros = len(digits) - len(digits.rstrip("0")) if digits.strip("0") else 0
    return Fraction(10**zeros)


def _read_range(text: str, first: _Numeral, second: _Numeral) -> Printed:
    if _UNIT.fullmatch(text, second.end) is None:
        raise ValueError(f"expected one range with a unit, got {text!r}")
    shared = 1 if first.scale or not second.scale else SCALES[second.scale.lower()]
    low = first.value * shared
    if low > second.value:
        raise ValueError(f"expected a range from low to high, got {text!r}")
    return Printed(text, Interval(low, second.value), None, "range")


def _rounding(numeral: _Numeral) -> Interval:
    half = numeral.step / 2
    return Interval(numeral.value - half, numeral.value + half, True, False)


def _bound(bound: str, value: Fraction) -> Interval:
    match bound:
        case "below":
            return Interval(None, value, high_closed=False)
        case "at most":
            return Interval(None, value)
        case "above":
            return Interval(value, None, low_closed=False)
        case _:
            return Interval(value, None)
