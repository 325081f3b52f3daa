"""Markdown: markdown-it finds the blocks, and those of interest are read further."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from paper_repro.manuscript.document import Passage, lines_of
from paper_repro.manuscript.readers import html, inline, latex_block
from paper_repro.manuscript.readers.prose import DEEPEST, NO_CONTEXT, Passages, Prose, Worth

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_ENDS = re.compile(r"\r\n?")
_RUN = re.compile(r"([^\n]+(?:\n[^\n]+)*)\n*")
_CALM = re.compile(r"([ \t]*)[^\W\d_][^\n]*(?:\n[ \t]*[^\W\d_][^\n]*)*")
_ENDING = re.compile(r">|\$\$")
_DULL = "\ufffd"
"""What stands for a paragraph that is passed over."""
_Cell = tuple[int, int]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark").enable("table").disable("inline")
    parser.use(front_matter_plugin).use(dollarmath_plugin)
    return parser.use(footnote_plugin, move_to_end=False)


def passages(text: str, worth: Worth) -> tuple[Passage, ...]:
    """Paragraphs, headings and rows of a Markdown text.

    Args:
        text: of the whole file.
        worth: whether a block is read.

    Returns:
        The passages in order.
    """
    marked = text.startswith("\ufeff")
    plain = _ENDS.sub("\n", text[marked:])
    known: dict[str, Any] = {}
    tokens = _parser().parse(_without_dull(plain, worth), known)
    blocks = _Blocks(text, marked, worth, known.get("references", {}))
    for token in tokens:
        blocks.turn(token)
    return tuple(blocks.into.made)


def _without_dull(text: str, worth: Worth) -> str:
    """The text without the paragraphs that nothing depends on, as many lines as it was.

    These are lines that begin with a letter, between blank lines, and end no block of HTML or
    maths; the parser needs most of its time for them. Where the next line is indented, a sign
    stands for the paragraph, as it may end a list.
    """

    def shorter(run: re.Match[str]) -> str:
        calm = _CALM.fullmatch(run[1])
        if not calm or _ENDING.search(run[1]) or worth(run[1]):
            return run[0]
        sign = calm[1] + _DULL if text.startswith((" ", "\t"), run.end()) else ""
        return sign + "\n" * run[0].count("\n")

    return _RUN.sub(shorter, text)


class _Blocks:
    """What the parser's blocks stand in, and where in the file."""

    def __init__(self, text: str, marked: bool, worth: Worth, references: dict[str, Any]) -> None:
        self.into = Passages()
        self.text, self.worth, self.references = text, worth, references
        lines = lines_of(text[marked:])
        self.starts = list(accumulate(map(len, lines), initial=int(marked)))
        self.level = 0
        self.quotations = 0
        self.items = 0
        self.begins = False
        self.rows: list[list[_Cell]] | None = None
        self.column = 0

    def turn(self, token: Token) -> None:
        """One token of the parser."""
        match token.type:
            case "heading_open":
                self.level = int(token.tag[1])
            case "heading_close":
                self.level = 0
            case "blockquote_open" | "blockquote_close":
                self.quotations += token.nesting
            case "list_item_open":
                self.items += 1
                self.begins = True
            case "list_item_close":
                self.into.leave(DEEPEST + self.items)
                self.items -= 1
            case "table_open":
                self.rows = []
            case "tr_open" if self.rows is not None:
                self.rows.append([])
                self.column = 0
            case "table_close":
                self.into.table(self.rows or [], True, self._raw, self._cell, self.worth)
                self.rows = None
            case "inline" if self.rows:
                self.rows[-1].append(self._place(token))
            case "inline" if token.content != _DULL:
                self._paragraph(token)
            case "math_block" | "math_block_label":
                self._maths(token)
            case "html_block":
                html.put_page(self.into, self.text, *self._lines(token), self.worth)

    def _paragraph(self, token: Token) -> None:
        if self.level or self.worth(token.content):
            self._read(token)
        if self.begins and len(token.content) <= NO_CONTEXT:
            self.into.item(token.content, self.items)
        self.begins = False

    def _read(self, token: Token) -> None:
        raw, where = self._mapped(token)
        prose = Prose(where)
        inline.put(prose, raw, self.references)
        if self.level:
            self.into.head(prose, self.level)
        else:
            self.into.add(prose, "quotation" if self.quotations else "paragraph")

    def _maths(self, token: Token) -> None:
        start, end = self._lines(token)
        first, last = self.text.find("$$", start, end), self.text.rfind("$$", start, end)
        if self.worth(self.text[start:end]):
            prose = Prose()
            latex_block.put_maths(prose, self.text, first + 2, max(last, first + 2))
            self.into.add(prose)

    def _lines(self, token: Token) -> tuple[int, int]:
        first, last = token.map or (0, 0)
        return self.starts[first], self.starts[last]

    def _mapped(self, token: Token) -> tuple[str, Callable[[int], int]]:
        """A block's lines without what they stand in, and where each character is from."""
        row, last = token.map or (0, 0)
        lines = [line.strip() for line in token.content.split("\n")]
        places = []
        for line in lines:
            place = -1
            while place < 0 and row < last:
                place = self.text.rfind(line, self.starts[row], self.starts[row + 1])
                row += 1
            places.append(place)
        starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))

        def where(at: int) -> int:
            line = bisect_right(starts, at) - 1
            return places[line] + at - starts[line]

        return "\n".join(lines), where

    def _place(self, token: Token) -> _Cell:
        """Where a table's cell stands; the cells of a row are asked for in order."""
        start, end = self._lines(token)
        content = token.content.replace("|", r"\|")
        at = self.text.find(content, start + self.column, end)
        self.column = at + len(content) - start
        return at, at + len(content)

    def _raw(self, cell: _Cell) -> str:
        return self.text[slice(*cell)]

    def _cell(self, cell: _Cell) -> Passage | None:
        prose = Prose(lambda at: cell[0] + at)
        inline.put(prose, self._raw(cell), self.references)
        return prose.passage()
