"""Sentences of a passage, with characters that look alike made one, each in its old place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from paper_repro.manuscript.document import Kind, Passage

LONGEST = 4_000
"""Characters; a longer sentence is read in parts."""
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000\t\n\r\f\v", " "),
        **dict.fromkeys("\u2010\u2011\u00ad", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u223c\uff5e\u2248", "~"),
        "\u2212": "-",
    }
)
_STOP = re.compile(r"""[.!?][)\]"'\u201d]{0,2}(?=\s+["'(\[\u201c]?[A-Z0-9~<>≈≤≥])""")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|al|cf|vs|approx|ca|Fig|Figs|Eq|Eqs|Sec|Tab|No|Nos|Dr|Prof|St|resp|incl|etc|"
    r"avg|max|min|param|params)|\b[A-Z])\.$"
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, and where it begins in its passage."""

    passage: Passage
    start: int
    text: str

    @cached_property
    def lower(self) -> str:
        """Its text in lower case."""
        return self.text.lower()

    def is_in(self, kinds: set[Kind], start: int, end: int) -> bool:
        """Whether any of its characters from ``start`` up to ``end`` is of one of these kinds."""
        return self.passage.is_in(kinds, self.start + start, self.start + end)


def sentences(passage: Passage) -> Iterator[Sentence]:
    """The sentences of a passage; each character stays as many places after the start."""
    text = passage.text.translate(_ALIKE)
    start = 0
    for stop in _STOP.finditer(text):
        if not _SHORT.search(text, max(start, stop.start() - 12), stop.start() + 1):
            yield from _cut(passage, text, start, stop.end())
            start = stop.end()
    if text[start:].strip():
        yield from _cut(passage, text, start, len(text))


def _cut(passage: Passage, text: str, start: int, end: int) -> Iterator[Sentence]:
    """A sentence, or parts of what is too long to be one."""
    while end - start > LONGEST:
        space = text.rfind(" ", start + 1, start + LONGEST)
        middle = space if space > 0 else start + LONGEST
        yield Sentence(passage, start, text[start:middle])
        start = middle
    yield Sentence(passage, start, text[start:end])
