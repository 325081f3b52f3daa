"""Whether a sentence says something of the run at all, and does not deny, wish or plan it."""

from __future__ import annotations

import re

from paper_repro.manuscript.numbers.patterns import clause, pattern, spans
from paper_repro.manuscript.numbers.statement import Statement

_MODAL = pattern(
    r"\b(?:would|could|might|will|shall|were to|had we|may be worth|wants? to|hopes? to|"
    r"may (?:(?:be|also|still|later|well|then) ){0,2}(?:train|fine-?tun|try|tried|use|run|need|"
    r"take|add|"
    r"rais|doubl|increas|extend|mov)\w*|(?:is|are) (?:planned|scheduled|foreseen)|intends? to|"
    r"wish(?:es)? to|"
    r"if (?:we|one|they|I) (?:had|were|could)|used to (?:say|claim|state|read)|"
    r"(?:ask|wonder|question)(?:s|ed)? (?:how|why|whether|if|where)|"
    r"in future|future work|next, (?:we|the)|"
    r"plan(?:s|ned)? to)\b"
)
_DENIED = pattern(
    r"\b(?:not|never|neither|nor|without|rather than|instead of)"
    r"(?: (?:on|with|an?|the|for|by|of|using|in|at|any|only of|need|train|update|fine-tune|use))*"
    r"[ ~]*$"
)
_NOBODY = pattern(
    r"\b(?:nobody|no one|none of (?:us|them|the \w+))(?: (?!that\b|who\b)[\w-]+){1,5} $"
)
_DENIED_AFTER = pattern(
    r"[^,;.]{0,30}? (?:was|were|is|are|has been|have been) "
    r"(?:(?:not|never) (?:tried|used|tested|run|needed)|ruled out|discarded|rejected)\b"
)
_NONE = pattern(
    r"(?:^|[;:,.] |\b(?:and|but|that) )no(?: one| body)? (?!more|less|fewer|longer|later)"
    r"(?:[\w-]+ ){1,6}$"
)
_NEITHER = pattern(r"\b(?:neither|nor)\b")
_CLAUSE = pattern(r"[;:]|\.\s|\bbut\b|\bwhereas\b|\bwhile\b|, (?:we|our|the|and)\b")


_REACH = 200
"""Characters before a statement that may deny it."""


def is_said(statement: Statement) -> bool:
    """Whether a statement is made, as far as its clause tells."""
    text, start, end = statement.sentence.text, statement.start, statement.end
    reach = max(0, start - _REACH)
    if any(denial.search(text, reach, start) for denial in (_DENIED, _NONE, _NOBODY)):
        return False
    if _DENIED_AFTER.match(text, end):
        return False
    if text.rstrip().endswith("?"):
        return False
    return not (is_hypothetical(statement) or _in_its_clause(_NEITHER, statement))


def is_hypothetical(statement: Statement) -> bool:
    """Whether its clause speaks of what would, could or will be."""
    return _in_its_clause(_MODAL, statement)


def _in_its_clause(words: re.Pattern[str], statement: Statement) -> bool:
    text = statement.sentence.text
    first, last = clause(_CLAUSE, text, statement.start, statement.end)
    return any(first <= start and end <= last for start, end in spans(words, text))
