"""Which level of a study a statement is said of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from paper_repro.manuscript.numbers.patterns import EARLIER, before, clause, pattern, spans
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.study import Study

_BENEATH = pattern(
    r"\b(?:(?:on top of|onto|atop)(?: [\w-]+){0,5}|"
    r"(?:on|over|above|beside|from|after|following|frozen|fixed|existing|below|beneath|"
    r"under)(?: (?:the|our|its|a|an|frozen|existing|earlier|already|trained|LoRA|"
    r"adapter|Level-1|previous|first|both|loaded|named)){0,5}) ?[\"'`(]?$"
)
_ATTACHED = pattern(r"\W{0,2}(?:\(|(?:of|with|at)\b)\W{0,2}(?:rank|r|LoRA rank)?\W{0,4}")
_END = pattern(r"[,;:(|]|\.\s|\b(?:and|while|whereas|but|on top)\b")
_PLACES = {1: "first", 2: "second"}
_NOT_OF_CARE = r"(?! (?:trauma|evidence|hospital|cent(?:re|er)s?|recommendation))"
_ASIDE = re.compile(r"\([^()]*\)")
_ON_TOP = pattern(r"\bon top\b")
Words = Mapping[int, re.Pattern[str]]
"""Of each level, what names it."""
Spans = Sequence[tuple[int, int]]
"""From which character up to which."""


def levels_of(study: Study) -> dict[int, re.Pattern[str]]:
    """Words that name a level, hub names of its models and data among them."""
    found: dict[int, re.Pattern[str]] = {}
    for each in study.levels:
        if each.words:
            place = _PLACES.get(each.number, "(?!)")
            names = {*each.words, *(d.hub for d in study.datasets if d.id == each.dataset)}
            hubs = [a.hub for a in study.adapters if a.level == each.number and a.hub]
            names.update(hubs, (hub.partition("/")[2] for hub in hubs))
            parts = sorted(map(re.escape, names), key=len, reverse=True)
            found[each.number] = pattern(
                rf"(?<!\w)(?:{'|'.join(parts)})(?!\w){_NOT_OF_CARE}|"
                rf"\bthe {place}(?= (?:\(|(?:one|stage)\b))"
            )
    return found


def level(statement: Statement, words: Words) -> int:
    """The level that a statement is said of; 0 where nothing names one.

    The nearest words before it in its sentence decide, then those after it, then the sentences
    before it in its passage, then the headings above. A parenthesis speaks for itself alone.
    """
    sentence = statement.sentence
    text, start, end = sentence.text, statement.start, statement.end
    asides = [span for span in spans(_ASIDE, text) if span[1] <= start or end <= span[0]]
    _, clause_end = clause(_END, text, start, end)
    here = (
        _first(text, words, end, clause_end, asides)
        or _last(text, words, start, asides)
        or _first(text, words, end, len(text), asides)
    )
    if here or any(_inside(span, 0, start, asides) for span in spans(_ON_TOP, text)):
        return here
    earlier = before(sentence.passage.text, sentence.start, EARLIER)
    headings = " / ".join(sentence.passage.section)
    return _last(earlier, words, len(earlier)) or _last(headings, words, len(headings))


def _first(text: str, words: Words, start: int, end: int, asides: Spans) -> int:
    """The first level that is named between two places, 0 for none."""
    for (first, _), number in _named(text, words, start, end, asides):
        if not _BENEATH.search(text[max(start, first - 48) : first]):
            return number
    return 0


def _last(text: str, words: Words, end: int, asides: Spans = ()) -> int:
    """The last level that is named up to a place, 0 for none.

    What something is put on top of is not what it is: such words count right behind them only.
    """
    for (first, last), number in reversed(_named(text, words, 0, end, asides)):
        beneath = _BENEATH.search(text[max(0, first - 48) : first])
        if not beneath or _ATTACHED.fullmatch(text, last, end):
            return number
    return 0


def _named(
    text: str, words: Words, start: int, end: int, asides: Spans
) -> list[tuple[tuple[int, int], int]]:
    """Where levels are named between two places, in order, and which."""
    return sorted(
        (span, number)
        for number, names in words.items()
        for span in spans(names, text)
        if _inside(span, start, end, asides)
    )


def _inside(span: tuple[int, int], start: int, end: int, asides: Spans) -> bool:
    """Whether it lies between two places, and in no aside."""
    first, last = span
    return start <= first and last <= end and not any(a <= first < b for a, b in asides)
