"""Which level of a study a statement is said of."""

from __future__ import annotations

import re
from collections.abc import Mapping

from paper_repro.manuscript.numbers.patterns import pattern
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.study import Study

NEAR = 2_000
"""Characters of the sentences before that may name a level."""
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


def level(statement: Statement, words: Mapping[int, re.Pattern[str]]) -> int:
    """The level that a statement is said of; 0 where nothing names one.

    The nearest words before it in its sentence decide, then those after it, then the sentences
    before it in its passage, then the headings above. A parenthesis speaks for itself alone.
    """
    sentence = statement.sentence
    before = _ASIDE.sub(_blank, sentence.text[: statement.start])
    after = _ASIDE.sub(_blank, sentence.text[statement.end :])
    here = (
        _nearest(_END.split(after)[0], words, last=False)
        or _nearest(before, words, last=True)
        or _nearest(after, words, last=False)
    )
    if here or _ON_TOP.search(before):
        return here
    earlier = sentence.passage.text[max(0, sentence.start - NEAR) : sentence.start]
    headings = " / ".join(sentence.passage.section)
    return _nearest(earlier, words, last=True) or _nearest(headings, words, last=True)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _nearest(text: str, words: Mapping[int, re.Pattern[str]], last: bool) -> int:
    """Of the words nearest to one end of a text.

    What something is put on top of is not what it is: such words count right behind them only.
    """
    found = []
    for number, names in words.items():
        for match in names.finditer(text):
            beneath = _BENEATH.search(text[max(0, match.start() - 48) : match.start()])
            if not beneath or (last and _ATTACHED.fullmatch(text, match.end())):
                found.append((match.start(), number))
    if not found:
        return 0
    return max(found)[1] if last else min(found)[1]
