"""Whose work a statement is about: the manuscript's own, or other people's."""

from __future__ import annotations

import re
from bisect import bisect
from functools import lru_cache

from paper_repro.manuscript.numbers.models import family, is_model, mentions, size_in
from paper_repro.manuscript.numbers.patterns import occurs, pattern, spans
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

_OURS = pattern(r"\b(?:we|our|ours|(?-i:us)|i|my|this (?:work|study|paper|thesis|project)|here)\b")
_PUBLISHERS = (
    r"(?:the )?(?:Qwen|LLaVA|Llama|Mistral) (?:team|authors)|Alibaba(?: Cloud)?|Meta(?: AI)?|"
    r"Google|"
    r"OpenAI|Microsoft"
)
_THEM = r"(?:its|their|the(?: original)?) (?:authors|creators|developers|publishers?|makers|vendor)"
_SOMEBODY = (
    r"(?:[Aa]|[Aa]n|[Aa]nother|[Oo]ne) (?:[A-Z][a-z]+|recent|earlier|later|second|concurrent|"
    r"related|parallel|rival|neighbou?ring|different|competing) "
    r"(?:paper|study|work|preprint|report|agency|group|team|company|lab|laboratory|"
    r"hospital|university|institute|start-?up|consortium|project|publisher)\b"
)
_DID = (
    r"(?: \([^)]{0,40}\))?(?:'s? (?:own )?(?:team|pre-?training|training|engineers|work)|"
    r"(?: has| have| had| originally| first| then| itself| already)* "
    r"(?:\w+ed|(?:re-?|pre-?)?train\w*|updates?|fine-?tun\w+|spent|built|took|did|gave))\b"
)
_SUBJECT = (
    r"^\s*(?:(?!We|I\b|You|It|This|These|That|The|LoRA|QLoRA|Here|Each|All|Both|Hence|Thus|Then)"
    r"[A-Z][A-Za-z]+(?:(?: and)? [A-Z][A-Za-z]+){0,3} (?:has |have )?"
    r"(?:pre-?|re-?)?(?:train|fine-?tun)(?:ed|es|s)|"
    r"(?!This|We|Our|Here)[^.;]{1,60} (?:describes|discloses) (?:an?|another) (?:\w+ ){0,2}model)\b"
)
_THEIRS = re.compile(
    rf"\bet al\b|{_SUBJECT}|\bby (?:{_PUBLISHERS}|{_THEM})\b|\b(?:{_PUBLISHERS}){_DID}|"
    r"\b(?:[A-Z][a-z]+ (?:and|with) (?:colleagues|co-?workers|others|co-?authors)|"
    r"(?:[Aa]|[Aa]nother) (?:group|team|lab(?:oratory)?)|[Oo]ther (?:groups|teams|authors)|"
    r"(?:[Tt]heir|whose) (?:model|work|approach|network|study|paper|method|adapters?|team)|"
    r"[Tt]hey (?:report|use|train|fine-?tune|find|show|update)\w*|[Tt]he authors|[Oo]thers|"
    r"[Tt]he (?:paper|study|thesis|report|preprint|work) (?:by|of) [A-Z][a-z]+|"
    r"predecessors|(?:[Ee]arlier|[Pp]revious|[Pp]rior|[Oo]lder|[Ee]xisting) "
    r"(?:systems|models|networks|approaches|methods|detectors|work|studies|papers|groups)|"
    r"by (?:many|other|several|"
    r"most) (?:groups|teams|authors|labs)|"
    r"[Ss]omebody|[Tt]he vendor|competitors?|prior work|"
    r"(?<![\w-])[A-Z][a-z]+(?: and [A-Z][a-z]+)? \(\d{4}\)|"
    rf"previous(?:ly)? (?:work|studies|published)|{_SOMEBODY}|{_THEM})\b"
)
_OTHERS_SECTION = pattern(
    r"\b(?:related work|background|prior work|state of the art|literature|what others|"
    r"(?:other|earlier|previous) (?:work|groups|teams|approaches|systems|studies))\b"
)
_REFERENCES = pattern(r"^\W*\d*\.?\s*(?:references|bibliography|works cited|literature cited)\W*$")
_FIRST_PERSON = pattern(r"\b(?:we|our|ours|us|this (?:work|study|paper))\b")
_SIBLING = pattern(r"[ -](?:variant|version|sibling|counterpart|checkpoint)")
_OWN_BASE = pattern(
    r"^\s*(?:the|our) (?:frozen |pre-?trained )?(?:base|backbone)(?: model)?(?: itself)? "
)
_WEIGHTS = ("base-size", "trained-parameters", "total-parameters", "trained-share")


def is_foreign(statement: Statement, base: str | None) -> bool:
    """Whether a statement is of other people's work, or of a list of references."""
    sentence = statement.sentence
    if in_references(sentence.passage.section):
        return True
    if in_related_work(sentence):
        return True
    if statement.rule not in _WEIGHTS:
        another = _starts_with_another(sentence.text, statement.start, base)
        return another or theirs(sentence.text, statement.start, None)
    if statement.rule == "base-size" and _OWN_BASE.search(sentence.text[: statement.start]):
        return False
    return theirs(sentence.text, statement.start, base or "") or _of_another(statement, base)


def in_related_work(sentence: Sentence) -> bool:
    """Whether a sentence stands where a manuscript speaks of others, and not of itself."""
    others = any(_OTHERS_SECTION.search(part) for part in sentence.passage.section)
    return others and not occurs(_FIRST_PERSON, sentence.text)


def in_references(section: tuple[str, ...]) -> bool:
    """Whether a passage stands in a list of references."""
    return any(_REFERENCES.match(part) for part in section)


def _of_another(statement: Statement, base: str | None) -> bool:
    """A size that a sibling of the base has: "the 7B variant"."""
    if statement.rule != "base-size" or base is None:
        return False
    sibling = _SIBLING.match(statement.sentence.text, statement.end)
    size = size_in(base)
    return bool(sibling) and size is not None and size not in statement.text


def _starts_with_another(text: str, start: int, base: str | None) -> bool:
    """Whether another family's model is what a sentence is about: "LLaVA-Med was …"."""
    named = mentions(text)
    if not named or named[0].start > 4 or named[0].end > start or not base:
        return False
    return family(named[0].name) != family(base) and not occurs(_FIRST_PERSON, text)


def theirs(text: str, start: int, hub: str | None) -> bool:
    """Whether what stands at ``start`` is said of other people's work or of another model.

    Args:
        text: a sentence.
        start: of the statement.
        hub: id of the base that the manuscript is about, empty where it names none; None where
            the names of models do not matter.
    """
    marks = _marks(text, hub)
    passed = bisect(marks, start, key=lambda mark: mark[0])
    if passed or not marks:
        return bool(passed) and marks[passed - 1][1] == "theirs"
    after, whose = marks[0]
    return whose == "theirs" and text.startswith(("et al", "by ", "the authors of"), after)


@lru_cache(maxsize=256)
def _marks(text: str, hub: str | None) -> tuple[tuple[int, str], ...]:
    """Where a sentence turns to its authors' own work, and where to that of others."""
    marks = [(start, "ours") for start, _ in spans(_OURS, text)]
    marks += [(start, "theirs") for start, _ in spans(_THEIRS, text)]
    if hub or (hub == "" and not spans(_OURS, text)):
        marks += [(m.start, "ours" if is_model(m.name, hub) else "theirs") for m in mentions(text)]
    return tuple(sorted(marks))
