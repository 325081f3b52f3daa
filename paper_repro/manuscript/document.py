"""A manuscript as the checker reads it: passages of prose that know where each character stands.

A reader of a format puts passages together with :class:`Writer`; all that follows sees text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple

Kind = Literal["code", "maths", "quotation", "reference", "context"]
"""What a span of a passage is, if not prose: ``context`` repeats words that stand elsewhere, such
as a table's heads beside each of its rows."""

Role = Literal["paragraph", "heading", "quotation"]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Span(NamedTuple):
    """Characters of a passage, from ``start`` up to ``end``, that are not prose."""

    start: int
    end: int
    kind: Kind


class Piece(NamedTuple):
    """Characters of a passage from ``start`` on, and where they stand in the file's text.

    Attributes:
        start: in the passage.
        at: offset in :attr:`Manuscript.source`.
        width: characters of the file that they stand for.
        verbatim: whether they stand there one by one.
    """

    start: int
    at: int
    width: int
    verbatim: bool


@dataclass(frozen=True)
class Passage:
    """What reads in one go: a paragraph, a heading, a caption, a row of a table.

    Attributes:
        text: without markup.
        pieces: where its characters are from, in order; the first starts at 0.
        spans: what in it is not prose, in order.
        role: a heading, a block quotation, or a paragraph.
        section: words of the headings above it, outermost first.
        page: of a PDF, from 1.
    """

    text: str
    pieces: tuple[Piece, ...]
    spans: tuple[Span, ...] = ()
    role: Role = "paragraph"
    section: tuple[str, ...] = ()
    page: int | None = None

    def at(self, offset: int) -> int:
        """Where a character stands in the file's text."""
        piece = self._piece(offset)
        return piece.at + (offset - piece.start if piece.verbatim else 0)

    def verbatim(self, start: int, end: int) -> bool:
        """Whether these characters stand in the file as they are here, side by side."""
        piece = self._piece(start)
        whole = self._piece(end - 1) == piece
        return piece.verbatim and whole

    def is_in(self, kinds: frozenset[Kind] | set[Kind], start: int, end: int) -> bool:
        """Whether any of these characters is of one of these kinds."""
        place = bisect_left(self.spans, end, key=lambda span: span.start)
        while place and self._reach[place - 1] > start:
            place -= 1
            if self.spans[place].kind in kinds and self.spans[place].end > start:
                return True
        return False

    @cached_property
    def _reach(self) -> list[int]:
        """How far the spans up to each one reach."""
        return list(accumulate((span.end for span in self.spans), max))

    def _piece(self, offset: int) -> Piece:
        place = bisect_right(self.pieces, offset, key=lambda piece: piece.start)
        return self.pieces[max(place - 1, 0)]


@dataclass(frozen=True)
class Manuscript:
    """A file that was read.

    Attributes:
        path: as it was typed.
        source: the file's text; of a docx or a PDF, its paragraphs and lines.
        passages: in their order.
        editable: whether ``source`` is the file's own text.
    """

    path: str
    source: str
    passages: tuple[Passage, ...]
    editable: bool = True

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) for line in lines_of(self.source))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 1; a byte order mark is in no column."""
        line = min(bisect_right(self._starts, offset), max(len(self._starts) - 1, 1))
        mark = int(line == 1 and self.source.startswith("\ufeff"))
        return line, offset - self._starts[line - 1] + 1 - mark


def lines_of(text: str) -> list[str]:
    """Lines with their ends, where an end is LF, CR LF or CR and nothing else."""
    return _LINE.findall(text)


@dataclass
class Writer:
    """Puts a passage together, piece by piece."""

    _text: list[str] = field(default_factory=list)
    _pieces: list[Piece] = field(default_factory=list)
    _spans: list[Span] = field(default_factory=list)
    _length: int = 0

    def put(self, text: str, at: int, kind: Kind | None = None) -> None:
        """Characters that stand in the file at ``at``, one by one."""
        self._add(text, Piece(self._length, at, len(text), True), kind)

    def put_for(self, text: str, at: int, width: int, kind: Kind | None = None) -> None:
        """Characters that stand for ``width`` others of the file: an entity, a macro."""
        self._add(text, Piece(self._length, at, width, False), kind)

    def mark(self, start: int, kind: Kind) -> None:
        """Call everything from ``start`` on, up to here, of a kind."""
        if start < self._length:
            self._spans.append(Span(start, self._length, kind))

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def passage(
        self, role: Role = "paragraph", section: tuple[str, ...] = (), page: int | None = None
    ) -> Passage | None:
        """What was put together; None where that is white space alone."""
        text = "".join(self._text)
        if not text.strip():
            return None
        spans = tuple(sorted(self._spans))
        return Passage(text, tuple(self._pieces), spans, role, section, page)

    def _add(self, text: str, piece: Piece, kind: Kind | None) -> None:
        if not text:
            return
        self._text.append(text)
        last = self._pieces[-1] if self._pieces else None
        if last and last.verbatim and piece.verbatim and last.at + last.width == piece.at:
            self._pieces[-1] = last._replace(width=last.width + piece.width)
        else:
            self._pieces.append(piece)
        self._length += len(text)
        if kind:
            self._spans.append(Span(piece.start, self._length, kind))
