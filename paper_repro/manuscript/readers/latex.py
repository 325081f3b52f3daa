"""LaTeX: comments and code are blanked out, the rest is cut into blocks that are read."""

from __future__ import annotations

import re

from paper_repro.manuscript.document import Passage, Role
from paper_repro.manuscript.readers.latex_block import put
from paper_repro.manuscript.readers.latex_names import FORMULAS, NOTES, QUOTATIONS, TABLES
from paper_repro.manuscript.readers.latex_syntax import (
    ENVIRONMENT,
    VERB,
    after_arguments,
    argument,
    pairs_of,
)
from paper_repro.manuscript.readers.prose import Passages, Prose, Worth

_LEVELS = {"title": 0, "part": 1, "chapter": 2, "section": 3, "subsection": 4}
_LEVELS |= {"subsubsection": 5, "paragraph": 6, "subparagraph": 7}
_NESTED = 3
"""A footnote's footnote's footnote is not read further."""
_HIDDEN = re.compile(
    rf"""
    {VERB}
    |\\begin\{{(?P<environment>(?:verbatim|[BL]?Verbatim|lstlisting|minted|comment|filecontents
        |tikzpicture|thebibliography)\*?)\}}
    |\\(?:url|path|nolinkurl|href)\s*\{{[^{{}}]*\}}
    |\\[\s\S]
    |(?P<comment>%[^\r\n]*(?:(?:\r\n|\r|\n)[ \t]*(?=\S))?)
    """,
    re.VERBOSE,
)
_STRUCTURE = re.compile(
    rf"""
    {VERB}
    |(?P<blank>(?>\r\n|\r|\n)[ \t]*(?>\r\n|\r|\n)|\\(?:item|par)(?![a-zA-Z]))
    |{ENVIRONMENT}
    |\\(?P<heading>{"|".join(_LEVELS)})(?![a-zA-Z])\*?
    |\\(?P<note>{"|".join(NOTES)})(?![a-zA-Z])\*?
    |\\[\s\S]
    """,
    re.VERBOSE,
)
_CELL = re.compile(
    rf"""
    {VERB}
    |(?P<row>\\\\\*?(?:\[[^\]\r\n]{{0,30}}\])?|\\tabularnewline(?![a-zA-Z]))
    |(?P<inner>\{{|\\begin\s*\{{[^{{}}]*\}})
    |\\[\s\S]
    |(?P<cell>&)
    """,
    re.VERBOSE,
)
_WIDE = re.compile(r"\\multicolumn\s*\{(\d{1,2})\}")
_PREAMBLE = re.compile(r"\\(title|abstract)(?![a-zA-Z])")
_BEGIN, _END = (re.compile(rf"\\{turn}\s*\{{document\}}") for turn in ("begin", "end"))
_Range = tuple[int, int]


def passages(text: str, worth: Worth) -> tuple[Passage, ...]:
    """Paragraphs, headings, captions, footnotes and rows of a LaTeX text.

    Args:
        text: of the whole file.
        worth: whether a block is read.

    Returns:
        The passages in order; a footnote follows what it stands in.
    """
    reader = _Reader(_without_comments(text), worth)
    begin = _BEGIN.search(reader.text)
    start = begin.end() if begin else 0
    end = _END.search(reader.text, start)
    if begin:
        reader.preamble(begin.start())
    reader.read(start, end.start() if end else len(text))
    return tuple(reader.into.made)


def _without_comments(text: str) -> str:
    """The text, as long as it was, with NUL for comments and for what is no prose."""
    parts: list[str] = []
    done = at = 0
    while found := _HIDDEN.search(text, at):
        at = found.end()
        name = found["environment"]
        if name:
            end = text.find(f"\\end{{{name}}}", at)
            at = len(text) if end < 0 else end + len(name) + len(r"\end{}")
        if name or found["comment"]:
            parts.append(text[done : found.start()])
            parts.append(("\n\n" if name else "").ljust(at - found.start(), "\0"))
            done = at
    return "".join([*parts, text[done:]])


class _Reader:
    """Cuts a text into blocks."""

    def __init__(self, text: str, worth: Worth) -> None:
        self.text, self.worth = text, worth
        self.pairs = pairs_of(text, 0, len(text))
        self.into = Passages()
        self.quotations = 0
        self.notes: list[_Range] = []

    def preamble(self, end: int) -> None:
        """The title and the abstract that stand before the document begins."""
        for found in _PREAMBLE.finditer(self.text, 0, end):
            brace = argument(self.text, found.end(), end, self.pairs)
            if brace is not None:
                level = 0 if found[1] == "title" else None
                self._block(brace + 1, self.pairs[brace], level)

    def read(self, start: int, end: int) -> None:
        """All blocks between two places."""
        begun = done = start
        while found := _STRUCTURE.search(self.text, done, end):
            done = found.end()
            kind = found.lastgroup
            if kind == "note":
                brace = argument(self.text, done, end, self.pairs)
                done = done if brace is None else self.pairs[brace]
            elif kind == "environment" and found["environment"] in FORMULAS:
                done = min(max(self.pairs.get(found.start(), done), done), end)
            elif kind in ("blank", "heading", "environment"):
                self._block(begun, found.start())
                begun = done = self._cut(found, end)
        self._block(begun, end)

    def _cut(self, found: re.Match[str], end: int) -> int:
        """What stands between two blocks; gives where the next one begins."""
        if found["heading"]:
            brace = argument(self.text, found.end(), end, self.pairs)
            if brace is None:
                return found.end()
            self._block(brace + 1, self.pairs[brace], _LEVELS[found["heading"]])
            return self.pairs[brace] + 1
        name = found["environment"]
        if name in QUOTATIONS:
            self.quotations = max(self.quotations + (1 if found["turn"] == "begin" else -1), 0)
        if found["turn"] != "begin":
            return found.end()
        after = after_arguments(self.text, found.end(), name, self.pairs)
        last = self.pairs.get(found.start(), end)
        if name in TABLES and after <= last < end:
            self._table(after, last)
            return last
        return min(after, end)

    def _block(self, start: int, end: int, level: int | None = None, depth: int = 0) -> None:
        raw = self.text[start:end]
        if not raw.strip(" \t\r\n\0") or not (level is not None or self.worth(raw)):
            return
        prose = Prose()
        notes = put(prose, self.text, start, end, self.pairs)
        role: Role = "quotation" if self.quotations else "paragraph"
        if level is None:
            self.into.add(prose, role)
        else:
            self.into.head(prose, level)
        for note in notes if depth < _NESTED else ():
            self._block(*note, depth=depth + 1)

    def _table(self, start: int, end: int) -> None:
        rows = self._rows(start, end)
        first = next((at for at, row in enumerate(rows) if len(row) > 1), 0)
        for part, headed in ((rows[:first], False), (rows[first:], True)):
            self.into.table(part, headed, self._raw, self._cell, self.worth)
        notes, self.notes = self.notes, []
        for note in notes:
            self._block(*note)

    def _rows(self, start: int, end: int) -> list[list[_Range]]:
        rows: list[list[_Range]] = [[]]
        begun = done = start
        while found := _CELL.search(self.text, done, end):
            done = found.end()
            if found["inner"]:
                done = min(max(self.pairs.get(found.start(), done), done), end)
            elif found["cell"] or found["row"]:
                rows[-1] += self._columns(begun, found.start())
                begun = done
            if found["row"]:
                rows.append([])
        rows[-1] += self._columns(begun, end)
        return rows

    def _columns(self, start: int, end: int) -> list[_Range]:
        """A cell, as many times as it spans columns."""
        wide = _WIDE.search(self.text, start, min(end, start + 200))
        return [(start, end)] * (max(int(wide[1]), 1) if wide else 1)

    def _raw(self, cell: _Range) -> str:
        return self.text[slice(*cell)]

    def _cell(self, cell: _Range) -> Passage | None:
        prose = Prose()
        self.notes += put(prose, self.text, *cell, self.pairs)
        return prose.passage()
