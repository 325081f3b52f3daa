"""Values of a variant, with the formula or the source of each: the arithmetic stage's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from paper_repro.judging import Key, Value
from paper_repro.study import Study, Variant
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.settle import Findings, gather
from paper_repro.verify.stages.arithmetic import findings
from paper_repro.writing.text import Figure

BASE = "base"
"""The denominator that percentages are printed of."""


@dataclass(frozen=True)
class Values:
    """What is known of a variant without running it."""

    study: Study
    variant: Variant

    @cached_property
    def found(self) -> Findings:
        """All findings of the arithmetic stage, by subject and key."""
        ids = [
            part.id
            for parts in (self.study.models, self.study.adapters, self.study.datasets)
            for part in parts
        ]
        wanted = frozenset(Subject(name, of) for name in QUANTITIES for of in ["", *ids])
        return gather(findings(self.study, wanted, lambda _: None))

    def finding(self, quantity: str, of: str = "", convention: str = "") -> Finding:
        """One of them.

        Raises:
            KeyError: nothing of the kind is found.
        """
        keys = Key(self.variant.id, convention), Key("", convention)
        found = self.found[Subject(quantity, of)]
        return next(found[key][0] for key in keys if key in found)

    def count(self, quantity: str, of: str = "") -> Figure:
        """A whole number, with commas."""
        found = self.finding(quantity, of)
        return Figure(f"{int(_number(found.value)):,}", quantity, of, found.formula)

    def percent(self, convention: str = BASE) -> Figure:
        """Of the trained weights, to three digits."""
        found = self.finding("trainable.percent", convention=convention)
        words = f"{float(_number(found.value)):.3g} %"
        return Figure(words, "trainable.percent", "", found.formula, convention)


def claims_on(study: Study, figures: Iterable[Figure]) -> dict[tuple[str, str], list[str]]:
    """Ids of the study's claims on what figures are about, by quantity and whose it is."""
    return {
        (figure.quantity, figure.of): [
            claim.id
            for claim in study.claims
            if (claim.quantity, claim.of or "") == (figure.quantity, figure.of)
        ]
        for figure in figures
    }


def _number(value: Value) -> Fraction:
    assert isinstance(value, int | float | Fraction)
    return Fraction(value)
