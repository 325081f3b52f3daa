"""By what a manuscript is judged: what is asked for, and what that comes to for one text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from paper_repro.manuscript.numbers import inferred, known
from paper_repro.manuscript.numbers.known import Facts, Known
from paper_repro.manuscript.numbers.levels import levels_of
from paper_repro.manuscript.numbers.readings import names_study, variant_of
from paper_repro.manuscript.numbers.recorded import of_record
from paper_repro.manuscript.numbers.said import is_said
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.numbers.whose import is_foreign
from paper_repro.manuscript.terms import facts
from paper_repro.manuscript.terms.facts import RunFacts
from paper_repro.study import Study, Variant

if TYPE_CHECKING:
    from paper_repro.training.record import Record


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes:
        study: that may judge; None for none.
        always: whether it judges texts that do not name it.
        variant: of the study; None: the one that a text describes.
        base: hub id or folder, where the text alone decides.
        record: of a run, if there is one.
    """

    study: Study | None
    always: bool = False
    variant: Variant | None = None
    base: str | None = None
    record: Record | None = None

    @cached_property
    def facts(self) -> Facts:
        """What the study says of numbers, and the record in its place."""
        recorded = of_record(self.record) if self.record else ()
        return known.facts_of(self.study, recorded) if self.study else {}


@dataclass(frozen=True)
class Sources:
    """What one text is judged by.

    Attributes:
        known: for its numbers.
        facts: for its words.
        levels: words that name a level.
        name: of the source, in words.
    """

    known: Known
    facts: RunFacts
    levels: Mapping[int, re.Pattern[str]]
    name: str


def sources(asked: Asked, text: str, stated: Sequence[Statement]) -> Sources:
    """By what a text with these statements is judged."""
    named = names_study(asked.study, text, stated) if asked.study else None
    said = facts.of_text(text)
    if asked.study is None or not (named or asked.always):
        tuned = [str(each.stated) for each in stated if _says_what_was_tuned(each)]
        base = asked.base or inferred.named_base(text, tuned)
        ours = [each for each in stated if is_said(each) and not is_foreign(each, base)]
        told = inferred.of_text(ours, text, base, packed=said.four_bits is True)
        return Sources(told, said, {}, told.of)
    study, levels = asked.study, levels_of(asked.study)
    base = study.base(study.variants[0]).hub
    ours = [each for each in stated if is_said(each) and not is_foreign(each, base)]
    variant = asked.variant or variant_of(study, ours, levels)
    told = known.of_study(study, asked.facts, variant)
    own = facts.of_variant(study, variant)
    if asked.record is not None:
        own = facts.of_record(asked.record, own)
    named = f" (named: {named})" if named else ""
    return Sources(told, facts.first(own, said), levels, f"{told.of}, variant {variant.id}{named}")


def _says_what_was_tuned(statement: Statement) -> bool:
    return statement.rule == "base-model" and is_said(statement) and not is_foreign(statement, None)
