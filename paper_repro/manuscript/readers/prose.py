"""What all readers write with: passages whose gaps are single spaces, in order under headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from paper_repro.manuscript.document import Kind, Passage, Role, Span, Writer

Worth = Callable[[str], bool]
"""Whether a block's raw text could hold anything of interest."""
NO_CONTEXT = 200
"""A table's head with more characters is not repeated in each row."""
DEEPEST = 6
"""The level of a heading that has none beneath it."""
_SPACE = r" \t\r\n\f\v\xa0"
_NOTHING = r"\0\xad\u200b\u2061-\u2064\ufeff"
_PARTS = re.compile(
    rf"(?P<gap>[{_SPACE}]+)|(?P<nothing>[{_NOTHING}]+)"
    rf"|[^{_SPACE}{_NOTHING}]+(?: [^{_SPACE}{_NOTHING}]+)*"
)
_VALUE = re.compile(r"[\W_]{0,6}\d[\d.,\s-]{0,20}[\W_]{0,4}(?:[kKMB]|hours?|h)?[\W_]{0,4}")
_Cell = TypeVar("_Cell")


def names(text: str) -> frozenset[str]:
    """Names that are set apart by spaces."""
    return frozenset(text.split())


def _same(at: int) -> int:
    return at


class Prose(Writer):
    """A passage in the making. White space is one space, and none begins or ends it.

    Args:
        where: from a place in the text that is read to the file's, where these differ.
    """

    def __init__(self, where: Callable[[int], int] = _same) -> None:
        super().__init__()
        self._where = where
        self._gap: tuple[int, int, bool] | None = None

    def words(self, text: str, start: int, end: int) -> None:
        """Characters of the text that is read, as they are but for white space."""
        for part in _PARTS.finditer(text, start, end):
            if part["gap"]:
                self.space(part.start(), part.end(), part[0] == " ")
            elif not part["nothing"]:
                self.put(part[0], part.start())

    def symbol(self, text: str, at: int, end: int) -> None:
        """What an entity or a macro stands for, which may be a space or nothing."""
        part = _PARTS.match(text)
        if part and part["gap"]:
            self.space(at, end)
        elif part and not part["nothing"]:
            self.put_for(text, at, end - at)

    def space(self, at: int, end: int, verbatim: bool = False) -> None:
        """A space, unless the passage has one there or is empty so far."""
        if self.length and not self._gap and self._text[-1][-1] != " ":
            self._gap = (at, end, verbatim)

    def begin(self) -> int:
        """Where the next character will stand."""
        if self._gap:
            at, end, verbatim = self._gap
            self._gap = None
            if verbatim:
                super().put(" ", self._where(at))
            else:
                super().put_for(" ", self._where(at), self._where(end) - self._where(at))
        return self.length

    def put(self, text: str, at: int, kind: Kind | None = None) -> None:
        """See :meth:`Writer.put`."""
        self.begin()
        super().put(text, self._where(at), kind)

    def put_for(self, text: str, at: int, width: int, kind: Kind | None = None) -> None:
        """See :meth:`Writer.put_for`."""
        self.begin()
        first = self._where(at)
        super().put_for(text, first, self._where(at + width) - first, kind)

    def ends_in_digit(self) -> bool:
        """Whether a superscript here is an exponent."""
        return not self._gap and bool(self._text) and self._text[-1][-1].isdigit()

    def copy(self, passage: Passage) -> None:
        """Everything of another passage."""
        first = self.begin()
        ends = [piece.start for piece in passage.pieces[1:]] + [len(passage.text)]
        for piece, end in zip(passage.pieces, ends, strict=True):
            text = passage.text[piece.start : end]
            if piece.verbatim:
                super().put(text, piece.at)
            else:
                super().put_for(text, piece.at, piece.width)
        self._spans += [Span(first + s.start, first + s.end, s.kind) for s in passage.spans]


class Passages:
    """Passages in order, each under the headings above it."""

    def __init__(self) -> None:
        self.made: list[Passage] = []
        self._headings: list[tuple[int, str]] = []

    def add(self, prose: Prose, role: Role = "paragraph", page: int | None = None) -> None:
        """A passage, unless it is empty."""
        section = tuple(words for _, words in self._headings)
        if passage := prose.passage(role, section, page):
            self.made.append(passage)

    def head(self, prose: Prose, level: int, page: int | None = None) -> None:
        """A heading: those of its level and below end here."""
        self.leave(level)
        before = len(self.made)
        self.add(prose, "heading", page)
        if len(self.made) > before:
            self._headings.append((level, self.made[-1].text.strip()))

    def item(self, words: str, depth: int) -> None:
        """What begins an item of a list: it stands above the lists within."""
        self.leave(DEEPEST + depth)
        self._headings.append((DEEPEST + depth, words))

    def leave(self, level: int) -> None:
        """Ends the sections of this level and below."""
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()

    def table(
        self,
        rows: Sequence[Sequence[_Cell]],
        headed: bool,
        raw: Callable[[_Cell], str],
        read: Callable[[_Cell], Passage | None],
        worth: Worth,
    ) -> None:
        """A passage for each row, with the column's head and the row's first cell before each cell.

        Args:
            headed: whether the first row may be the head; one with a number is none.
            raw: a cell's text with markup.
            read: a cell without markup; one that spans columns stands in the row for each.
        """
        headed = headed and len(rows) > 1 and not any(_VALUE.fullmatch(raw(c)) for c in rows[0][1:])
        heads = [raw(cell)[:NO_CONTEXT] for cell in rows[0]] if headed else []
        known: list[Passage | None] | None = None
        for cells in rows[headed:]:
            if worth(" | ".join([*heads[: len(cells)], *map(raw, cells)])):
                known = [read(cell) for cell in rows[0]] if headed and known is None else known
                apart = [
                    read(cell) if not place or cell != cells[place - 1] else None
                    for place, cell in enumerate(cells)
                ]
                self.add(_row(known or [], apart))


def _row(heads: Sequence[Passage | None], cells: Sequence[Passage | None]) -> Prose:
    """A row's cells, each behind what names it: its column's head and the row's first cell."""
    prose = Prose()
    label = cells[0] if cells else None
    for place, cell in enumerate(cells):
        if cell is None:
            continue
        if prose.length:
            prose.put_for(" | ", cell.at(0), 0)
        head = heads[place] if place < len(heads) else None
        names_row = label is not None and any(sign.isalpha() for sign in label.text)
        row = label if names_row and place and (head or place > 1) else None
        _put_names(prose, [name for name in (head, row) if name and len(name.text) <= NO_CONTEXT])
        prose.copy(cell)
    return prose


def _put_names(prose: Prose, names: Sequence[Passage]) -> None:
    start = prose.length
    for place, name in enumerate(names):
        if place:
            prose.put_for(" \u00b7 ", name.at(0), 0)
        prose.copy(name)
    if names:
        last = names[-1]
        prose.put_for(": ", last.at(len(last.text) - 1), 0)
        prose.mark(start, "context")
