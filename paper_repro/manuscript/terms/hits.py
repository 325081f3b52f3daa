"""Where a text breaks or keeps a rule on words, and how severe that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paper_repro.judging import Verdict
from paper_repro.manuscript.asked import Sources
from paper_repro.manuscript.finding import Severity
from paper_repro.manuscript.numbers.patterns import pattern
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence
from paper_repro.manuscript.terms.match import matches
from paper_repro.manuscript.terms.rules import Rule, rules

GENERAL = ("trained-the-model", "base-updated")
"""The rules that, like notes, give way to every other one."""
FRAMES = "frames-for-rows"
"""The rule that looks at numbers of rows."""
_FRAMES_AFTER = pattern(
    r" (?:(?!rows\b|samples\b|pairs\b|about\b|of\b|from\b|on\b)[\w/-]+ ){0,4}?(?:frames|images)\b"
)


class Hit(NamedTuple):
    """Words of a sentence that a rule is about.

    Attributes:
        swap: what may safely stand there instead; empty where nothing may.
    """

    rule: Rule
    sentence: Sentence
    start: int
    end: int
    severity: Severity
    verdict: Verdict
    swap: str = ""


def hits(
    said: Sequence[Sentence], stated: Sequence[Statement], text: str, told: Sources
) -> list[Hit]:
    """Every hit of every rule.

    Args:
        said: sentences of a text.
        stated: what they state in numbers.
        text: all of it.
        told: what is known of the run.
    """
    found = [hit for rule in rules() for hit in _of_rule(rule, said, stated, text, told)]
    special = [hit for hit in found if hit.rule.id not in GENERAL and hit.severity != "note"]
    return [
        hit for hit in found if hit in special or not any(_overlap(hit, other) for other in special)
    ]


def _of_rule(
    rule: Rule, said: Sequence[Sentence], stated: Sequence[Statement], text: str, told: Sources
) -> Iterator[Hit]:
    fact = True if rule.fact is None else getattr(told.facts, rule.fact)
    severity = rule.severity(fact)
    if severity is None or (rule.absent and rule.absent.search(text)):
        return
    decided = rule.fact is not None and fact is not None
    verdict = rule.verdict or (Verdict.CONTRADICTED if decided else Verdict.UNDERDETERMINED)
    places = _frames(stated) if rule.id == FRAMES else _places(rule, said, told.known.base)
    for sentence, start, end in places:
        swap = rule.swapped(sentence.text[start:end])
        yield Hit(rule, sentence, start, end, severity, verdict, swap)
        if rule.once:
            return


def _places(
    rule: Rule, said: Sequence[Sentence], base: str | None
) -> Iterator[tuple[Sentence, int, int]]:
    for sentence in said:
        for match in matches(rule, sentence, base):
            yield sentence, match.start, match.end


def _frames(stated: Sequence[Statement]) -> Iterator[tuple[Sentence, int, int]]:
    """Numbers of rows that a text calls frames."""
    for each in stated:
        noun = _FRAMES_AFTER.match(each.sentence.text, each.end) if each.rule == "samples" else None
        if noun:
            yield each.sentence, each.start, noun.end()


def _overlap(one: Hit, other: Hit) -> bool:
    return one.sentence is other.sentence and one.start < other.end and other.start < one.end
