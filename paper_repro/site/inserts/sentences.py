"""The document's example sentences for a paper, word for word, beside what was found of each part.

``examples(study)`` reads them off the document; what covers their lines stands in ``coverage.toml``
and what came of it in the report, so that no number and no verdict is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paper_repro.judging import Verdict
from paper_repro.site.explained import explained
from paper_repro.study import BUILT_IN, Study
from paper_repro.study.coverage import Covered, load_coverage
from paper_repro.verify.report.markdown import escape, fence
from paper_repro.verify.report.style import labelled
from paper_repro.verify.result import ClaimResult, Report

SECTION = "## For Your Paper - Correct Terminology\n"
AGAINST = {"misleading": ("L0.pretrained", "L0.frozen")}
"""What the document says elsewhere and a sentence goes against, by its name."""
GROUPS = {
    "What is right": (Verdict.HOLDS, Verdict.HOLDS_ROUNDED),
    "Right of another denominator than the one that is named": (Verdict.HOLDS_CONVENTION,),
    "What to change": (Verdict.CONTRADICTED,),
    "What is open": (Verdict.UNDERDETERMINED, Verdict.NOT_CHECKED, Verdict.CHECK_FAILED),
}
_EXAMPLE = re.compile(
    r"### \S+ (?P<title>[^\n:]+):\n```\n(?P<words>.*?)\n```\n(?P<said>.*?)(?=\n#|\Z)", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """One of the sentences.

    Attributes:
        title: as the document heads it.
        words: the sentence, with the document's own line breaks.
        said: what the document says of it below; empty where it says nothing.
        first, last: its lines in the document.
    """

    title: str
    words: str
    said: str
    first: int
    last: int

    @property
    def name(self) -> str:
        """In small letters, as parts of pages are named."""
        return self.title.lower().replace(" ", "-")


def examples(study: Study, folder: Path = BUILT_IN) -> list[Example]:
    """The sentences that the document offers for a paper, in its order."""
    document = (folder / study.document.file).read_text(encoding="utf-8")
    start = document.index(SECTION)
    section = document[start:].partition("\n---\n")[0]
    found = []
    for match in _EXAMPLE.finditer(section):
        first = document.count("\n", 0, start + match.start("words")) + 1
        last = first + match["words"].count("\n")
        found.append(Example(match["title"], match["words"], match["said"].strip(), first, last))
    return found


def sentence_parts(study: Study, report: Report) -> dict[str, str]:
    """For each sentence its quotation, and what was found of its parts, by the parts' names."""
    made: dict[str, str] = {}
    for example in examples(study):
        made[f"quote-{example.name}"] = _quoted(example)
        made[f"found-{example.name}"] = "\n\n".join(_found(example, report))
    return made


def _quoted(example: Example) -> str:
    said = f"\n\nBelow it the document says: “{escape(example.said)}”" if example.said else ""
    return f"{fence(example.words, '{ .text .wrapped }')}{said}"


def _found(example: Example, report: Report) -> Iterator[str]:
    claims = {claim.id: claim for claim in report.claims}
    covering = _covering(example)
    for title, verdicts in GROUPS.items():
        items = [
            _item(claims[id], words)
            for id, words in covering.items()
            if claims[id].verdict in verdicts
        ]
        if items:
            yield f"**{title}**"
            yield "\n".join(items)
    if against := AGAINST.get(example.name):
        yield "**What it goes against**"
        yield "\n".join(_item(claims[id], claims[id].quote) for id in against)


def _item(claim: ClaimResult, words: str) -> str:
    return (
        f"- **{labelled(claim.verdict)}:** [“{escape(words)}”](claims.md#{claim.id}) "
        f"{explained(claim.explanation)}"
    )


def _covering(example: Example) -> dict[str, str]:
    """Ids of the claims that cover the sentence, with the words of it that each is about."""
    inside = [entry for entry in load_coverage() if example.first <= entry.line <= example.last]
    found: dict[str, str] = {}
    for entry in sorted(inside, key=_whole_lines_last):
        for id in entry.claims:
            found.setdefault(id, entry.text.strip('"'))
    order = {id: place for place, id in enumerate(id for e in inside for id in e.claims)}
    return dict(sorted(found.items(), key=lambda item: order[item[0]]))


def _whole_lines_last(entry: Covered) -> bool:
    return entry.kind == "sentence"
