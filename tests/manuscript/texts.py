"""Texts as the checker sees them."""

from __future__ import annotations

from dataclasses import replace

from paper_repro.manuscript.asked import Asked
from paper_repro.manuscript.check import Checked, check, may_matter
from paper_repro.manuscript.document import Manuscript
from paper_repro.manuscript.finding import Finding
from paper_repro.manuscript.numbers.found import statements
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.readers import markdown
from paper_repro.manuscript.sentences import Sentence, sentences
from paper_repro.study import load_study

STUDY = load_study()
ASKED = {
    "auto": Asked(STUDY),
    "pitvqa": Asked(STUDY, always=True),
    "none": Asked(None),
}
"""Kept, so that what the study knows is gathered once."""


def manuscript(text: str, path: str = "paper.md") -> Manuscript:
    """A Markdown text as a manuscript."""
    return Manuscript(path, text, markdown.passages(text, may_matter))


def checked(text: str, study: str = "auto", **asked: object) -> Checked:
    """A Markdown text, checked."""
    return check(manuscript(text), replace(ASKED[study], **asked) if asked else ASKED[study])  # type: ignore[arg-type]


def found(text: str, study: str = "auto") -> list[Finding]:
    """What is found in a Markdown text."""
    return list(checked(text, study).findings)


def verdicts(text: str, study: str = "auto", **asked: object) -> dict[tuple[str, str], str]:
    """What is said of a Markdown text's numbers, by rule and words."""
    told = checked(text, study, **asked).findings
    return {(each.rule, each.text): each.verdict.value for each in told if each.kind == "number"}


def read(text: str) -> list[Sentence]:
    """The sentences of a Markdown text."""
    return [each for passage in manuscript(text).passages for each in sentences(passage)]


def stated(text: str) -> list[Statement]:
    """What a Markdown text states in numbers."""
    return [each for sentence in read(text) for each in statements(sentence)]
