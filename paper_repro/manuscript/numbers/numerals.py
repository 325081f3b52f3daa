"""Numbers as people write them in prose, and the spelling that ``judging`` reads.

``18 million``, ``18 464 768``, ``1.8×10^7``, ``~0.9 per cent``, ``6 to 8``, ``three``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from paper_repro.judging import Printed, read_printed

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty",
)  # fmt: skip
_VALUES = {word: str(value) for value, word in enumerate(_WORDS)}
_OTHERS = {
    "single": "1",
    "thirty": "30",
    "fifty": "50",
    "hundred": "100",
    "half": "0.5",
}
_SPELT = {**_VALUES, **_OTHERS}

_UNNAMED = "".join(
    rf"(?<!\b{word} )"
    for word in ("level", "table", "figure", "section", "page", "step", "version", "rank", "epoch",
                 "fold", "seed", "stage", "grade", "type", "day", "size", "no", "nr", "to")
)  # fmt: skip
"""Words behind which a number is a name, and one set apart by a space another."""
_BEGIN = re.compile(
    rf"(?<![\w.])\.?\d(?!\d{{0,3}}(?:st|nd|rd|th)\b)|\b(?:{'|'.join(_SPELT)})\b", re.IGNORECASE
)
_ONE = re.compile(
    r"(?:(?P<digits>\d{1,3},\d{1,2}(?= ?(?:%|percent|per cent|[MB]\b|million|billion))"
    r"|\d{1,3}(?:'\d{3}){1,4}(?!\d)|\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?(?!\d)"
    r"|\d{1,3}(?: \d{3}){2,4}(?![\d,.]\d)(?!\d)"
    rf"|{_UNNAMED}[1-9]\d{{0,2}} \d{{3}}(?= [a-z])"
    r"|\d{1,3}(?:\.\d{3}){2,4}(?!\d)"
    r"|\d{1,15}(?:\.\d{1,6})?|\.\d{1,6})"
    r"(?: ?[×x*·] ?10 ?\^? ?\{?(?P<power>\d{1,2})\}?|e\+?(?P<exponent>\d{1,2})(?!\w))?"
    rf"|(?P<word>{'|'.join(_SPELT)})\b)"
    r"(?P<scale>[ -]?(?:thousand|million|billion|trillion|mio|mn|bn)\b|[ -]?[kKMBT](?![A-Za-z0-9])"
    r"|[mb](?![A-Za-z0-9]))?",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"[ .']")
_PERCENT = re.compile(r" ?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_JOIN = re.compile(r" ?[-\u2013\u2014] ?| to ")
_JOIN_BETWEEN = re.compile(r" and | to ")
_BOUND = re.compile(
    r"(?:(?P<sign>~|<=|>=|<|>|≤|≥)|\b(?P<words>between|(?:less|fewer|lower|more) than|under|below|"
    r"over|"
    r"above|up to|at most|at least|about|around|approximately|roughly|approx\.?|nearly|almost|some|"
    r"ca\.?|circa)) {0,2}$",
    re.IGNORECASE,
)
_READ_AS = {
    "fewer than": "<",
    "lower than": "<",
    "less than": "<",
    "under": "<",
    "below": "<",
    "more than": ">",
    "over": ">",
    "above": ">",
    "up to": "≤",
    "at most": "≤",
    "at least": "≥",
}
_SCALES = {
    "thousand": "k",
    "million": "M",
    "mio": "M",
    "mn": "M",
    "billion": "B",
    "bn": "B",
    "trillion": "T",
}


class Numeral(NamedTuple):
    """A number in a sentence.

    Attributes:
        start, end: of all that belongs to it, signs before it included.
        body: where its first digit or letter is.
        text: as it is written.
        printed: what it stands for.
        percent: whether it is one.
        scaled: whether a word or letter scales it.
    """

    start: int
    end: int
    body: int
    text: str
    printed: Printed
    percent: bool
    scaled: bool


def numerals(text: str) -> Iterator[Numeral]:
    """Every number of a sentence that :func:`paper_repro.judging.read_printed` can read.

    "Over 3 epochs" spans them; "over 18M" and "over 99 %" are bounds.
    """
    end = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() >= end and (found := _at(text, begin.start(), end)):
            yield found
            end = found.end


def _at(text: str, place: int, floor: int) -> Numeral | None:
    """The number that begins at a place; signs before it begin at ``floor`` at the earliest."""
    first = _ONE.match(text, place)
    if first is None:
        return None
    bound = _BOUND.search(text[max(floor, place - 16) : place])
    words = (bound["sign"] or bound["words"]).lower() if bound else ""
    percent = _PERCENT.match(text, first.end())
    end = percent.end() if percent else first.end()
    join = (_JOIN_BETWEEN if words == "between" else _JOIN).match(text, end)
    second = _ONE.match(text, join.end()) if join else None
    body = _canonical(first)
    if second:
        late = _PERCENT.match(text, second.end())
        percent = percent or late
        body, end = f"{body}-{_canonical(second)}", (late or second).end()
    scaled = first["scale"] is not None and first["word"] is None
    if words == "over" and not (percent or scaled):
        bound = None
    plus = not (second or percent) and text.startswith("+", end)
    sign = _sign(words if bound else "")
    printed = _read(f"{sign}{body}{'%' if percent else ''}{'+' if plus else ''}")
    if printed is None:
        return _at_first(text, first) if second else None
    end += plus
    start = place - len(bound[0]) if bound else place
    return Numeral(start, end, place, text[start:end], printed, bool(percent), scaled)


def _at_first(text: str, first: re.Match[str]) -> Numeral | None:
    """The first of two numbers that make no range: ``16-1``."""
    body = _canonical(first)
    printed = _read(body)
    if printed is None:
        return None
    start, end = first.span()
    scaled = first["scale"] is not None and first["word"] is None
    return Numeral(start, end, start, text[start:end], printed, False, scaled)


def _sign(words: str) -> str:
    return _READ_AS.get(words, words if words in ("<", ">", "<=", ">=", "≤", "≥") else "")


def _read(body: str) -> Printed | None:
    try:
        return read_printed(body)
    except ValueError:
        return None


def _canonical(number: re.Match[str]) -> str:
    """Digits and one of k, M, B, T."""
    scale = (number["scale"] or "").strip(" -").lower()
    letter = _SCALES.get(scale, scale if scale in ("", "k") else scale.upper())
    if number["word"]:
        return _SPELT[number["word"].lower()] + letter
    digits = number["digits"]
    if power := number["power"] or number["exponent"]:
        return _of_power(digits.replace(",", ""), int(power))
    if re.fullmatch(r"\d{1,3}(?:(?: \d{3}){1,4}|(?:\.\d{3}){2,4}|(?:'\d{3})+)", digits):
        digits = f"{int(_GROUPS.sub('', digits)):,}"
    elif re.fullmatch(r"\d+,\d{1,2}", digits):
        digits = digits.replace(",", ".")
    return digits + letter


def _of_power(mantissa: str, power: int) -> str:
    scale, letter = next(((p, c) for p, c in ((9, "B"), (6, "M"), (3, "k")) if power >= p), (0, ""))
    return f"{Decimal(mantissa).scaleb(power - scale):f}{letter}"
