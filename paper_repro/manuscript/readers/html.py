"""HTML, read by a scanner of its own: Python's takes quadratic time where tags are not closed.

A comment, a tag or a ``<pre>`` that is not closed goes on to the end, as in a browser.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import unescape

from paper_repro.manuscript.document import Kind, Passage
from paper_repro.manuscript.readers import latex_block
from paper_repro.manuscript.readers.prose import Passages, Prose, Worth, names

ENTITY = r"&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
TAG = r"""
    <!--(?s:.*?)(?:-->|\Z)
    |<[!?][^>]*(?:>|\Z)
    |<(?P<closing>/?)(?P<name>[a-zA-Z][^\s/>]*)
        (?:[^>=]+|=\s*"[^"]*"|=\s*'[^']*'|=)*+(?:>|\Z)
"""
"""Comments, declarations and tags; for verbose patterns."""
_TAG = re.compile(TAG, re.VERBOSE)
_TEX = r"\\[(\[](?P<tex>(?:[^\\<&]|\\[^()\[\]])*+)\\[)\]]"
_INLINE = re.compile(rf"{TAG}|(?P<entity>{ENTITY})|{_TEX}", re.VERBOSE)
_SPAN = re.compile(r"\bcolspan\s*=\s*[\"']?(\d{1,2})\b", re.IGNORECASE)
_SKIPPED = names("script style pre textarea title template svg annotation")
_TABLE = names("table caption colgroup thead tbody tfoot tr td th")
_BLOCKS = _TABLE | names(
    "address article aside blockquote body center dd details div dl dt figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol p pre section summary"
    " title ul"
)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
    "math": "maths",
    "cite": "reference",
}
_SECOND = {"msup": "^", "msub": "_", "mfrac": "/"}
"""What stands before the second part of a formula's element."""


def passages(text: str, worth: Worth) -> tuple[Passage, ...]:
    """Paragraphs, headings and rows of a page.

    Args:
        text: of the whole file.
        worth: whether a block is read.

    Returns:
        The passages in order.
    """
    into = Passages()
    put_page(into, text, 0, len(text), worth)
    return tuple(into.made)


def put_page(into: Passages, text: str, start: int, end: int, worth: Worth) -> None:
    """The passages of a part of a page."""
    page = _Page(into, text, worth)
    done = begun = start
    while tag := _TAG.search(text, done, end):
        done = _after(text, tag, end)
        name = _name(tag)
        if name in (_TABLE if page.span else _BLOCKS):
            page.block(begun, tag.start())
            page.turn(tag, name)
            begun = done
    page.block(begun, end)
    page.end_table()


def put(prose: Prose, text: str, start: int, end: int) -> None:
    """What stands in one block."""
    tags = Tags(prose)
    done = start
    while found := _INLINE.search(text, done, end):
        prose.words(text, done, found.start())
        if found["entity"]:
            prose.symbol(unescape(found[0]), found.start(), found.end())
        elif found["tex"]:
            latex_block.put_maths(prose, text, *found.span("tex"))
        else:
            tags.put(found)
        done = _after(text, found, end)
    prose.words(text, done, end)
    tags.close()


def _name(tag: re.Match[str]) -> str:
    return (tag["name"] or "").lower()


def _after(text: str, tag: re.Match[str], end: int) -> int:
    """Where reading goes on: behind the tag, or behind what is not read."""
    name = _name(tag)
    if name not in _SKIPPED or tag["closing"] or tag[0].endswith("/>"):
        return tag.end()
    closed = re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE).search(text, tag.end(), end)
    return closed.end() if closed else end


class _Page:
    """What the blocks of a page stand in: a quotation, a heading, a table's cell."""

    def __init__(self, into: Passages, text: str, worth: Worth) -> None:
        self.into, self.text, self.worth = into, text, worth
        self.quotations = 0
        self.level = 0
        self.rows: list[list[tuple[int, int]]] = []
        self.headed = True
        self.span = 0
        """Columns of the cell that is open; 0 where none is."""

    def block(self, start: int, end: int) -> None:
        """What stands between two tags of blocks."""
        if self.span:
            self.rows[-1] += [(start, end)] * self.span
            return
        raw = self.text[start:end]
        if not raw or raw.isspace() or not (self.level or self.worth(raw)):
            return
        prose = Prose()
        put(prose, self.text, start, end)
        if self.level:
            self.into.head(prose, self.level)
        else:
            self.into.add(prose, "quotation" if self.quotations else "paragraph")

    def turn(self, tag: re.Match[str], name: str) -> None:
        """What changes at a block's tag."""
        opened = not tag["closing"]
        self.level = int(name[1]) if opened and name[1:].isdigit() else 0
        self.span = 0
        if name == "blockquote":
            self.quotations = max(self.quotations + (1 if opened else -1), 0)
        elif name == "table":
            self.end_table()
        elif name == "tr" and opened:
            self.rows.append([])
        elif name in ("td", "th") and opened:
            self.rows = self.rows or [[]]
            self.headed &= name == "th" or len(self.rows) > 1
            wide = _SPAN.search(tag[0])
            self.span = max(int(wide[1]), 1) if wide else 1

    def end_table(self) -> None:
        """The rows so far, as passages."""
        rows = [row for row in self.rows if row]
        self.into.table(rows, self.headed, self._raw, self._cell, self.worth)
        self.rows, self.headed = [], True

    def _raw(self, cell: tuple[int, int]) -> str:
        return self.text[slice(*cell)]

    def _cell(self, cell: tuple[int, int]) -> Passage | None:
        prose = Prose()
        put(prose, self.text, *cell)
        return prose.passage()


@dataclass
class _Open:
    name: str
    start: int
    kind: Kind | None
    parts: int = 0


class Tags:
    """Tags within a block: what they put into a passage, and which kind it is between them."""

    def __init__(self, prose: Prose) -> None:
        self._prose = prose
        self._open: list[_Open] = []
        self._names: Counter[str] = Counter()

    def put(self, tag: re.Match[str]) -> None:
        """What a tag stands for."""
        name = _name(tag)
        if name == "q":
            self._prose.put_for("”" if tag["closing"] else "“", tag.start(), len(tag[0]))
        elif name == "br" or name in _BLOCKS:
            self._prose.space(tag.start(), tag.end())
        elif tag["closing"]:
            self._end(name)
        elif name and not tag[0].endswith("/>"):
            self._begin(name, tag.start(), len(tag[0]))

    def close(self) -> None:
        """The end of the block closes all."""
        for name in [each.name for each in reversed(self._open)]:
            self._end(name)

    def _begin(self, name: str, at: int, width: int) -> None:
        if self._open:
            outer = self._open[-1]
            outer.parts += 1
            if outer.parts == 2 and outer.name in _SECOND:
                self._prose.put_for(_SECOND[outer.name], at, width)
        kind = _KINDS.get(name)
        if name == "sup" and not self._prose.ends_in_digit():
            kind = "reference"
        if kind or name == "sup" or self._names["math"]:
            self._open.append(_Open(name, self._prose.begin(), kind))
            self._names[name] += 1
        if name == "sup":
            self._prose.put_for("^", at, width)

    def _end(self, name: str) -> None:
        if not self._names[name]:
            return
        last = None
        while last is None or last.name != name:
            last = self._open.pop()
            self._names[last.name] -= 1
            if last.kind:
                self._prose.mark(last.start, last.kind)
