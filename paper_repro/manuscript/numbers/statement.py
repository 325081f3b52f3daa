"""A statement about a run: what a sentence says of one of its quantities, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from paper_repro.judging import Printed
from paper_repro.manuscript.sentences import Sentence

Rule = Literal[
    "base-model",
    "base-size",
    "trained-parameters",
    "total-parameters",
    "trained-share",
    "rank",
    "modules",
    "samples",
    "steps",
    "epochs",
    "hours",
    "card",
]
ONE_ADAPTER = "base and trained adapter"
"""Of a total: frozen adapters are left out."""


@dataclass(frozen=True)
class Statement:
    """What is stated.

    Attributes:
        rule: of which quantity.
        sentence: where.
        start, end: characters of the sentence.
        stated: the number, or names.
        about: of a share its denominator, of samples their split, of a total
            :data:`ONE_ADAPTER`; empty where the sentence does not say.
        frozen: whether a share is of what was *not* trained.
    """

    rule: Rule
    sentence: Sentence
    start: int
    end: int
    stated: Printed | str | frozenset[str]
    about: str = ""
    frozen: bool = False

    @property
    def text(self) -> str:
        """As it is written."""
        return self.sentence.text[self.start : self.end]

    @property
    def printed(self) -> Printed:
        """The number.

        Raises:
            TypeError: it states names.
        """
        if not isinstance(self.stated, Printed):
            raise TypeError(f"{self.rule} states no number: {self.text}")
        return self.stated
