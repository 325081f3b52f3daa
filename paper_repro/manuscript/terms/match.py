"""Where a sentence says what a rule is about, and does not deny it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from paper_repro.manuscript.document import Kind
from paper_repro.manuscript.numbers.patterns import clause, occurs, pattern
from paper_repro.manuscript.numbers.whose import in_related_work, theirs
from paper_repro.manuscript.quotations import is_quoted
from paper_repro.manuscript.sentences import Sentence
from paper_repro.manuscript.terms.rules import Rule

_NO_PROSE: set[Kind] = {"code", "maths", "quotation", "reference", "context"}
_DENIAL = pattern(
    r"\b(?:not(?! only)|never|no|nor|neither|nothing|none|nobody|no one|without(?! (?:a |"
    r"any )?(?:fixed |random )?seeds?)|disagree\w*|cannot|\w+n't|",
    r"rather than|instead of|(?:as )?opposed to|unlike|avoid(?:s|ed|ing)?|in contrast to|",
    r"contrary to|far from|compared (?:to|with)|than|versus|vs\.?|alternative to|replac\w+|",
    r"would|could|might|(?:we|I|they) (?:will|shall)|next step|had (?:we|I|"
    r"they|one)|need not|"
    r"against|(?:prefer\w*|cho(?:se|ose|sen)|favou?r\w*)\b[^.;]{0,30}\bover|ruled out|discarded|"
    r"neglig\w+|"
    r"misleading|wrong|"
    r"incorrect|inaccurate|confus\w*|",
    r"considered|proposed|plan(?:ned|s)?|"
    r"mis(?:taken|understood|read)\w*|(?<!fair to )says?|impl(?:y|ies|ied)|suggests?|sounds|"
    r"whether|as (?:if|"
    r"though)|asked|claim(?:s|ed)?|impression|myth|misconception|"
    r"belief|called|so-called|"
    r"the (?:word|term|phrase))\b",
)
_DENIED_AFTER = pattern(
    r"(?:(?!so that|which|when)[^.;,]){0,60}?(?:,[^.;,]{0,60}, ?)?",
    r"\b(?:(?:is|was|are|were|does|did|has|have|had) (?:not|never)|\w+n't|would|",
    r"lies? (?:beyond|outside)|(?:is|was|would be) (?:misleading|wrong|incorrect|inaccurate|",
    r"unnecessary|infeasible|out of|ruled out|discarded|avoided)|is (?:the )?wrong)\b|",
    r" (?:\w+ ){0,2}(?:needs?|costs?|requires?|takes? (?:months|weeks|years))\b",
)
_UNLIKE = pattern(r"\b(?:in contrast to|unlike) [^,]{1,60}, (?:which|that|who) [^,]{0,40}$")
_WILL = pattern(r"\s*(?:will|shall)\b")
_BREAK = pattern(r"[;:]|\.\s|, (?:but|yet|while|whereas|although|and we)\b|\u2014| - ")
_CLAUSE = pattern(
    r"[;:]|\.\s|, (?:but|and|so|yet|while|whereas|which|we|ours?|I|the|this|it|they)\b|",
    r"\b(?:but|whereas|although)\b|\u2014| - ",
)


class Match(NamedTuple):
    """Characters of a sentence that a rule is about."""

    start: int
    end: int


def matches(rule: Rule, sentence: Sentence, base: str | None) -> Iterator[Match]:
    """Where a rule applies in a sentence.

    Args:
        base: hub id of the model that the text is about, if it is known.
    """
    text = sentence.text
    if not any(stem in sentence.lower for stem in rule.stems) or text.rstrip().endswith("?"):
        return
    if rule.ours and in_related_work(sentence):
        return
    if rule.context is not None and not occurs(rule.context, text):
        return
    taken = -1
    spans = sorted(_span(m) for pattern in rule.flagged for m in pattern.finditer(text))
    for start, end in spans:
        inside = sentence.is_in(_NO_PROSE, start, start + 1) or sentence.is_in(
            _NO_PROSE, end - 1, end
        )
        if start < taken or inside or is_quoted(text, start, end):
            continue
        if rule.unless is not None and _holds(rule.unless, text, start, end):
            continue
        if rule.denied and is_denied(text, start, end):
            continue
        if rule.ours and theirs(text, start, base):
            continue
        taken = end
        yield Match(start, end)


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("hit") if "hit" in match.re.groupindex else match.span()


def _holds(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether these words occur in the clause of what is matched."""
    first, last = clause(_BREAK, text, start, end)
    return occurs(words, text[first:last])


def is_denied(text: str, start: int, end: int) -> bool:
    """Whether the clause says that it is not so, or would be if."""
    before = text[max(0, start - 90) : start]
    said = _CLAUSE.split(before)[-1]
    if _UNLIKE.search(before) or _WILL.match(said):
        return True
    return bool(_DENIAL.search(said) or _DENIED_AFTER.match(text[end : end + 90]))
