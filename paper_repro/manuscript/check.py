"""Check one manuscript: its numbers and its words.

``check(manuscript, asked)`` gives findings in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paper_repro.judging import Verdict
from paper_repro.manuscript.asked import Asked, Sources, sources
from paper_repro.manuscript.document import Kind, Manuscript
from paper_repro.manuscript.finding import OF_VERDICT, Finding, Swap
from paper_repro.manuscript.numbers.found import statements
from paper_repro.manuscript.numbers.judged import Judged, judged
from paper_repro.manuscript.numbers.levels import level
from paper_repro.manuscript.numbers.said import is_hypothetical, is_said
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.numbers.whose import in_references, is_foreign
from paper_repro.manuscript.quotations import is_quoted
from paper_repro.manuscript.sentences import Sentence, sentences
from paper_repro.manuscript.terms.hits import Hit, hits
from paper_repro.manuscript.terms.rules import Fact

_WORTH = (
    "param", "weights", "rank", "lora", "r=", "r =", "epoch", "step", "updates", "iterat", "hour",
    "took", "train", "tune", "tuning", "scratch", "frozen", "freez", "froze", "qwen", "model",
    "sample", "frames", "images", "rows", "pairs", "bf16", "bfloat", "-bit", " bits", "adapter",
    "gpu", "t4", "a100", "modules", "ep.", "passes", "w_", "proj", "%", "percent", "per cent",
    "identical", "reproduc", "the base", "batch", "accumul", "seed", "nf4", "quanti", "4bit",
    "held", "aside", "corpus", "dataset", "data set", "validation",
    "pitvqa", "pituitar", "surg", "endosc", "endonas",
)  # fmt: skip
"""In lower case; without one of these a block holds nothing that is looked for."""
_FACTS: dict[Fact | None, str] = {
    "adapters": "adapters were trained",
    "seeded": "no seed was fixed",
}
"""In words, those facts of rules that speak where nothing says."""
_NOT_SAID: set[Kind] = {"quotation", "reference", "context"}


def may_matter(raw: str) -> bool:
    """Whether a block's raw text could hold a statement or a flagged word."""
    lower = raw.lower()
    return any(stem in lower for stem in _WORTH)


@dataclass(frozen=True)
class Checked:
    """What was found in one manuscript, and by what it was judged."""

    findings: tuple[Finding, ...]
    judged_by: str


def check(manuscript: Manuscript, asked: Asked) -> Checked:
    """Check a manuscript."""
    passages = [p for p in manuscript.passages if not in_references(p.section)]
    text = "\n".join(passage.text for passage in passages)
    said = [s for p in passages if p.role != "quotation" for s in sentences(p)]
    stated = [statement for sentence in said for statement in statements(sentence)]
    told = sources(asked, text, stated)
    own = [each for each in stated if not (_is_hidden(each) or is_foreign(each, told.known.base))]
    found = list(_numbers(manuscript, own, told))
    found += [_of_hit(manuscript, hit) for hit in hits(said, own, text, told)]
    found.sort(key=lambda finding: (finding.line, finding.column, finding.rule))
    return Checked(tuple(found), told.name)


def _is_hidden(statement: Statement) -> bool:
    """Whether it is repeated, quoted or a reference; code and maths may state numbers."""
    sentence, start, end = statement.sentence, statement.start, statement.end
    return sentence.is_in(_NOT_SAID, start, end) or is_quoted(sentence.text, start, end)


def _numbers(manuscript: Manuscript, own: list[Statement], told: Sources) -> Iterator[Finding]:
    for statement in own:
        found = judged(statement, told.known, level(statement, told.levels))
        denied = not is_said(statement) and not _is_size_of_base(statement, found)
        if denied or is_hypothetical(statement):
            continue
        yield _finding(
            manuscript,
            statement.sentence,
            statement.start,
            statement.end,
            kind="number",
            rule=statement.rule,
            severity=OF_VERDICT[found.verdict],
            verdict=found.verdict,
            message=found.message,
            suggestion=found.suggestion,
        )


def _is_size_of_base(statement: Statement, found: Judged) -> bool:
    """Whether the base has that size, whatever is denied of it."""
    return statement.rule == "base-size" and found.verdict in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED)


def _of_hit(manuscript: Manuscript, hit: Hit) -> Finding:
    return _finding(
        manuscript,
        hit.sentence,
        hit.start,
        hit.end,
        words=hit.swap,
        kind="term",
        rule=hit.rule.id,
        severity=hit.severity,
        verdict=hit.verdict,
        message=_why(hit),
        suggestion=hit.rule.say,
    )


def _why(hit: Hit) -> str:
    """Its reason and source; where a fact is not known, what it rests on."""
    given = ""
    if hit.rule.fact and hit.verdict is Verdict.UNDERDETERMINED:
        given = f"If {_FACTS[hit.rule.fact]}: "
    return f"{given}{hit.rule.why} [{hit.rule.source}]"


def _finding(
    manuscript: Manuscript, sentence: Sentence, start: int, end: int, words: str = "", **said: Any
) -> Finding:
    """A finding at characters of a sentence, with words to swap in where that is safe."""
    passage = sentence.passage
    first, last = sentence.start + start, sentence.start + end
    at = passage.at(first)
    line, column = manuscript.place(at)
    safe = words and manuscript.editable and passage.verbatim(first, last)
    return Finding(
        path=manuscript.path,
        line=line,
        column=column,
        text=passage.text[first:last],
        sentence=sentence.text.strip(),
        page=passage.page,
        swap=Swap(at, at + last - first, words) if safe else None,
        **said,
    )
