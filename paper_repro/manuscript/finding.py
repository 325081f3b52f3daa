"""What the checker says of a place in a manuscript."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

from paper_repro.judging import Verdict

Severity = Literal["error", "warning", "note"]
Format = Literal["text", "json", "sarif", "github"]
"""What findings are printed as."""
FindingKind = Literal["number", "term"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
OF_VERDICT: dict[Verdict, Severity] = {
    Verdict.HOLDS: "note",
    Verdict.HOLDS_ROUNDED: "note",
    Verdict.HOLDS_CONVENTION: "warning",
    Verdict.CONTRADICTED: "error",
    Verdict.UNDERDETERMINED: "warning",
    Verdict.NOT_CHECKED: "note",
    Verdict.CHECK_FAILED: "error",
}
"""How severe a number's verdict is."""


class Swap(NamedTuple):
    """Words that may be put in place of others without harm.

    Attributes:
        start, end: offsets of what is replaced in the manuscript's source.
        words: what is put there.
    """

    start: int
    end: int
    words: str


@dataclass(frozen=True)
class PrintedFinding:
    """One statement or one word, as JSON has it.

    Attributes:
        path: the file, as it was typed.
        line: from 1; of a docx the paragraph, of a PDF the line of all its text.
        column: from 1, in characters.
        kind: a number or a term.
        rule: its name.
        severity: how bad it is.
        verdict: one of the seven words.
        text: what is written there.
        message: what is right or wrong with it, and why.
        suggestion: what to write; empty where nothing is to be changed.
        page: of a PDF, from 1; null for other files.
    """

    path: str
    line: int
    column: int
    kind: FindingKind
    rule: str
    severity: Severity
    verdict: Verdict
    text: str
    message: str
    suggestion: str
    page: int | None


@dataclass(frozen=True)
class Finding(PrintedFinding):
    """One statement or one word, and what is to be said of it.

    Attributes:
        sentence: that it stands in.
        swap: where a replacement is safe.
    """

    sentence: str
    swap: Swap | None

    def printed(self) -> PrintedFinding:
        """The fields that are published."""
        return PrintedFinding(
            **{each.name: getattr(self, each.name) for each in fields(PrintedFinding)}
        )
