"""Rules on words, as ``rules.toml`` has them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from paper_repro.judging import Verdict
from paper_repro.manuscript.finding import Severity
from paper_repro.manuscript.numbers.models import MODEL_NAME
from paper_repro.manuscript.numbers.patterns import pattern

Fact = Literal["adapters", "four_bits", "seeded", "rows_are_frames"]


class Rule(BaseModel):
    """One rule.

    Attributes:
        id: its name.
        stems: of which a sentence that it is about has one, in lower case.
        fact: that decides how severe it is.
        yes, unknown, no: severity where the fact is so, is not known, is not so; nothing is
            flagged where there is none.
        verdict: of what is flagged; else a fact that is known makes it ``contradicted``.
        flagged: patterns on a sentence; what the group ``hit`` matches is flagged.
        context: what the sentence must also say.
        unless: what excuses the sentence.
        absent: what the whole text must not say.
        ours: whether it is excused when said of other people's work.
        denied: whether it is excused when it is denied.
        once: whether a text is told only once.
        why, say, source: for the reader.
        swaps: words that may safely stand in place of others; ``*`` is any.
        wrong, right: examples, which tests read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    id: str
    stems: tuple[str, ...]
    fact: Fact | None = None
    yes: Severity | None = None
    unknown: Severity | None = None
    no: Severity | None = None
    verdict: Verdict | None = None
    flagged: tuple[re.Pattern[str], ...]
    context: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    absent: re.Pattern[str] | None = None
    ours: bool = False
    denied: bool = True
    once: bool = False
    why: str
    say: str = ""
    source: str
    swaps: dict[str, str] = Field(default_factory=dict)
    wrong: tuple[str, ...]
    right: tuple[str, ...]

    def severity(self, known: bool | None) -> Severity | None:
        """How severe it is, by what is known of its fact."""
        return {True: self.yes, None: self.unknown, False: self.no}[known]

    def swapped(self, words: str) -> str:
        """What may stand in place of these words; empty where nothing may."""
        swap = self.swaps.get(words.lower(), self.swaps.get("*", ""))
        return swap[:1].upper() + swap[1:] if words[:1].isupper() else swap


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the file."""
    path = Path(__file__).parent / "rules.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["rules"]
    return tuple(Rule(**_compiled(table)) for table in tables)


def _compiled(table: dict[str, Any]) -> dict[str, Any]:
    """A table with its patterns compiled, whatever their case; ``<MODEL>`` is any model's name."""
    names = [name for name in ("context", "unless", "absent") if name in table]
    single: dict[str, Any] = {name: _pattern(table[name]) for name in names}
    return {**table, **single, "flagged": tuple(map(_pattern, table["flagged"]))}


def _pattern(text: str) -> re.Pattern[str]:
    return pattern(text.replace("<MODEL>", MODEL_NAME))
