"""Which study a text is about, and which of its variants it describes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain

from paper_repro.judging import Printed
from paper_repro.manuscript.numbers.levels import level
from paper_repro.manuscript.numbers.models import is_model, mentions, size_in
from paper_repro.manuscript.numbers.modules import LINEAR, SEVEN
from paper_repro.manuscript.numbers.patterns import pattern
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.study import Dataset, Study, Variant
from paper_repro.verify.stages.arithmetic.runs import trainable

_MISSPELT = pattern(r"\bqwen[- ]?vl[- ]?2\b")
_TELLING = 1000
"""A split with fewer rows is not known by their number."""


def variant_of(
    study: Study, statements: Iterable[Statement], levels: Mapping[int, re.Pattern[str]]
) -> Variant:
    """The reading of the study that a text describes.

    Its modules narrow the readings down; a count that is exact to the digit decides among them;
    else it is the study's own default.
    """
    found = list(statements)
    named = [s for s in found if s.rule == "modules" and level(s, levels) != 1]
    fitting = [v for v in study.variants if any(_names(s, study, v) for s in named)]
    fitting = fitting or list(study.variants)
    exact = {s.printed.exact for s in found if s.rule == "trained-parameters" and _is_exact(s)}
    default = study.in_text.variant if study.in_text else study.variants[0].id
    counted = (variant for variant in fitting if trainable(study, variant)[0] in exact)
    usual = (variant for variant in fitting if variant.id == default)
    return next(chain(counted, usual, fitting))


def _names(statement: Statement, study: Study, variant: Variant) -> bool:
    own = frozenset(study.stack(variant)[-1].target_modules)
    return len(own) == len(SEVEN) if statement.stated == LINEAR else statement.stated == own


def _is_exact(statement: Statement) -> bool:
    stated = statement.stated
    return isinstance(stated, Printed) and stated.exact is not None and stated.exact % 1000 != 0


def names_study(study: Study, text: str, statements: Iterable[Statement]) -> str | None:
    """The words by which a text names a study; None where it does not.

    Its models, data sets or their exact number of rows; or its base beside its subject.
    """
    lower = text.lower()
    hubs = [a.hub for a in study.adapters if a.hub] + [d.hub for d in study.datasets]
    names = [name for hub in hubs for name in (hub, hub.partition("/")[2])]
    if found := next((name for name in names if name.lower() in lower), None):
        return found
    rows = {count for data in study.datasets for count in _rows(data) if count >= _TELLING}
    for statement in statements:
        if statement.rule == "samples" and statement.printed.exact in rows:
            return statement.text
    words = study.in_text.words if study.in_text else ()
    subject = next((word for word in words if word in lower), None)
    return subject if subject and _names_base(study, text) else None


def _rows(data: Dataset) -> tuple[int, int, int]:
    return data.train_rows, data.validation_rows, data.train_rows + data.validation_rows


def _names_base(study: Study, text: str) -> bool:
    hubs = {study.base(variant).hub for variant in study.variants}
    sized = [mention.name for mention in mentions(text) if size_in(mention.name)]
    named = any(is_model(name, hub) for name in sized for hub in hubs)
    return named or _MISSPELT.search(text) is not None
