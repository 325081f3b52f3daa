"""Where a text breaks or keeps a rule on words, and how severe that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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

    @property
    def gives_way(self) -> bool:
        """Whether another rule about the same words silences it."""
        return self.rule.id in GENERAL or self.severity == "note"


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
    special: dict[int, list[Hit]] = defaultdict(list)
    for hit in found:
        if not hit.gives_way:
            special[id(hit.sentence)].append(hit)
    return [hit for hit in found if not (hit.gives_way and _any_over(hit, special))]


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


def _any_over(one: Hit, special: Mapping[int, Sequence[Hit]]) -> bool:
    """Whether any hit of the same sentence is about some of the same words."""
    others = special.get(id(one.sentence), ())
    return any(one.start < other.end and other.start < one.end for other in others)
