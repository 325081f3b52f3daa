"""A text in no format yet: sentences of words, figures, names and citations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Length = Literal["sentence", "paragraph", "supplement"]
LENGTHS: tuple[Length, ...] = ("sentence", "paragraph", "supplement")
PARTS = ("model", "adapter", "data", "optimisation", "hardware", "software", "limits")


@dataclass(frozen=True)
class Figure:
    """A number, and what is behind it.

    Attributes:
        words: as it is printed.
        quantity: of the closed vocabulary, or a record's field.
        of: whose it is: an id of the study; empty for the run.
        source: the formula, the author's file or the record that gives it.
        convention: of a percentage, its denominator.
    """

    words: str
    quantity: str
    of: str
    source: str
    convention: str = ""


@dataclass(frozen=True)
class Cite:
    """Keys of ``references.bib``."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A name that programs read: a module, a file, a repository."""

    words: str


Piece = str | Figure | Cite | Name


@dataclass(frozen=True)
class Sentence:
    """Pieces that read one after another, of one part of a text."""

    part: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Text:
    """Sentences in their order."""

    sentences: tuple[Sentence, ...]

    @property
    def figures(self) -> Iterator[tuple[Sentence, Figure]]:
        """Every number with the sentence that it stands in."""
        for sentence in self.sentences:
            for piece in sentence.pieces:
                if isinstance(piece, Figure):
                    yield sentence, piece

    @property
    def cited(self) -> list[str]:
        """Keys in the order in which they first occur."""
        found = (p for s in self.sentences for p in s.pieces if isinstance(p, Cite))
        return list(dict.fromkeys(key for cite in found for key in cite.keys))

    def by_part(self) -> dict[str, list[Sentence]]:
        """Sentences of each part that has any, in the order of :data:`PARTS`."""
        found = {part: [s for s in self.sentences if s.part == part] for part in PARTS}
        return {part: sentences for part, sentences in found.items() if sentences}


def sentence(part: str, *pieces: Piece) -> Sentence:
    """A sentence of a part."""
    return Sentence(part, pieces)


def listed(names: tuple[str, ...]) -> list[Piece]:
    """Names with commas, and "and" before the last."""
    pieces: list[Piece] = []
    for place, name in enumerate(names):
        if place:
            pieces.append(" and " if place == len(names) - 1 else ", ")
        pieces.append(Name(name))
    return pieces
