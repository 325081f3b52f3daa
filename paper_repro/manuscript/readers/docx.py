"""Word's files: paragraphs, headings, tables and footnotes, in the order of the document.

python-docx opens them; the XML below a paragraph is read here, because python-docx passes over
formulas, content controls and what tracked changes inserted.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from paper_repro.errors import UserError
from paper_repro.manuscript.document import Kind, Manuscript, Passage, Role
from paper_repro.manuscript.readers.files import refused
from paper_repro.manuscript.readers.prose import Passages, Prose, Worth

if TYPE_CHECKING:
    from docx.document import Document

UNPACKED = 200 << 20
"""Bytes of all the parts of a file."""
RATIO = 200
"""How much larger than packed a part may be that has more than :data:`BOMB` bytes."""
BOMB = 10 << 20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_UNREAD = (f"{_MC}Fallback", f"{_W}moveFrom", f"{_W}del")
_TEXTS = {f"{_W}t", f"{_M}t"}
_STAND_FOR = {f"{_W}br": " ", f"{_W}cr": " ", f"{_W}p": " ", f"{_W}noBreakHyphen": "-"}
_STAND_FOR |= {f"{_M}sup": "^", f"{_M}sub": "_", f"{_M}den": "/"}
_LINE_ENDS = str.maketrans("\r\n", "  ")
_Part = tuple[str, Kind | None]


def manuscript(path: Path, data: bytes, worth: Worth) -> Manuscript:
    """A Word file as passages.

    Args:
        path: for messages.
        data: the file's bytes.
        worth: whether a paragraph is read.

    Returns:
        The passages, and paragraphs and rows as lines of the source.

    Raises:
        UserError: it is no Word file, is broken, or would unpack to far more than a manuscript.
    """
    try:
        _check_sizes(path, data)
        return _read(path, _opened(path, data), worth)
    except UserError:
        raise
    except Exception as error:  # zipfile, lxml and python-docx raise anything for broken files
        raise refused(
            path,
            "is not a Word file, or is broken",
            "a .docx file",
            f"{type(error).__name__} when it is opened",
            f"libreoffice --convert-to docx {path}",
        ) from None


def _check_sizes(path: Path, data: bytes) -> None:
    with ZipFile(BytesIO(data)) as packed:
        parts = packed.infolist()
    total = sum(part.file_size for part in parts)
    ratio = max(
        (p.file_size / max(p.compress_size, 1) for p in parts if p.file_size > BOMB), default=0
    )
    if total > UNPACKED or ratio > RATIO:
        raise refused(
            path,
            "is no manuscript: it unpacks to far more than it is",
            f"at most {UNPACKED >> 20} MB unpacked, and no part {RATIO} times its packed size",
            f"{total >> 20:,} MB, a part {ratio:,.0f} times",
            f"unzip -v {path}",
        )


def _opened(path: Path, data: bytes) -> Document:
    from docx import Document

    document = Document(BytesIO(data))
    if document.element.getroottree().docinfo.doctype:
        raise refused(
            path,
            "is no manuscript: it defines XML entities",
            "a file as Word writes it, without a document type",
            "a document type definition",
            f"unzip -p {path} word/document.xml | head -c 400",
        )
    return document


def _read(path: Path, document: Document, worth: Worth) -> Manuscript:
    from docx.oxml import parse_xml

    word = _Word(document, worth)
    for block in _within(_cleaned(document.element.body), f"{_W}p", f"{_W}tbl"):
        if block.tag == f"{_W}p":
            word.paragraph(block)
        else:
            word.table(block)
    word.into.leave(0)
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(("/footnotes", "/endnotes")):
            for note in _cleaned(parse_xml(relation.target_part.blob)):
                if note.get(f"{_W}type") is None:
                    word.paragraph(note)
    return Manuscript(str(path), "\n".join(word.lines), tuple(word.into.made), editable=False)


def _cleaned(element: Any) -> Any:
    for unread in list(element.iterdescendants(*_UNREAD)):
        unread.getparent().remove(unread)
    return element


def _within(parent: Any, *tags: str) -> Iterator[Any]:
    """Elements of these tags, also in content controls and what was inserted."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins"):
            yield from _within(child, *tags)


class _Word:
    """Lines of the source so far, and passages of them."""

    def __init__(self, document: Document, worth: Worth) -> None:
        self.styles = {each.style_id: (each.name or "").lower() for each in document.styles}
        self.worth = worth
        self.into = Passages()
        self.lines: list[str] = []
        self.length = 0

    def paragraph(self, element: Any) -> None:
        """A paragraph, a heading, or a footnote."""
        parts = list(self._parts(element))
        raw = "".join(text for text, _ in parts)
        at = self._line(raw)
        found = element.find(f"{_W}pPr/{_W}pStyle")
        style = self.styles.get(found.get(f"{_W}val"), "") if found is not None else ""
        first, _, level = style.partition(" ")
        if style == "title" or (first == "heading" and level.isdecimal()):
            self.into.head(_prose(at, parts), int(level or 0))
        elif not _is_of_code(style) and self.worth(raw):
            role: Role = "quotation" if "quote" in style or style == "block text" else "paragraph"
            self.into.add(_prose(at, parts), role)

    def table(self, element: Any) -> None:
        """The rows of a table, the first of which is its head."""
        rows: list[list[tuple[int, list[_Part]]]] = []
        for row in _within(element, f"{_W}tr"):
            cells = [(list(self._parts(cell)), _span(cell)) for cell in _within(row, f"{_W}tc")]
            texts = ["".join(text for text, _ in parts) for parts, _ in cells]
            at = self._line(" | ".join(texts))
            rows.append([])
            for (parts, span), text in zip(cells, texts, strict=True):
                rows[-1] += [(at, parts)] * span
                at += len(text) + len(" | ")
        self.into.table(rows, True, _raw, _cell, self.worth)

    def _line(self, raw: str) -> int:
        at = self.length
        self.lines.append(raw)
        self.length += len(raw) + 1
        return at

    def _parts(self, element: Any) -> Iterator[_Part]:
        """Words of an element, in order, and of which kind they are."""
        last, raised = "", False
        for node in element.iterdescendants():
            kind: Kind | None = "maths" if str(node.tag).startswith(_M) else None
            if node.tag in _STAND_FOR:
                text = _STAND_FOR[node.tag]
            elif node.tag == f"{_W}tab" and node.getparent().tag == f"{_W}r":
                text = " "
            elif node.tag in _TEXTS and node.text:
                text = node.text
                was, raised = raised, _is_raised(node.getparent())
                if raised and not was:
                    text, kind = f"^{text}", None if last.isdigit() else "reference"
                elif self._is_code(node.getparent()):
                    kind = "code"
            else:
                continue
            if last or text != " ":
                last = text[-1]
                yield text.translate(_LINE_ENDS), kind

    def _is_code(self, run: Any) -> bool:
        found = run.find(f"{_W}rPr/{_W}rStyle")
        style = self.styles.get(found.get(f"{_W}val"), "") if found is not None else ""
        return _is_of_code(style)


def _is_of_code(style: str) -> bool:
    return any(word in style for word in ("code", "verbatim", "preformatted", "macro"))


def _is_raised(run: Any) -> bool:
    found = run.find(f"{_W}rPr/{_W}vertAlign")
    return found is not None and found.get(f"{_W}val") == "superscript"


def _span(cell: Any) -> int:
    found = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return min(max(int(found.get(f"{_W}val")), 1), 100) if found is not None else 1


def _raw(cell: tuple[int, list[_Part]]) -> str:
    return "".join(text for text, _ in cell[1])


def _cell(cell: tuple[int, list[_Part]]) -> Passage | None:
    return _prose(*cell).passage()


def _prose(first: int, parts: list[_Part]) -> Prose:
    prose = Prose(lambda at: first + at)
    raw = "".join(text for text, _ in parts)
    at = 0
    for text, kind in parts:
        begun = prose.begin() if kind else 0
        prose.words(raw, at, at + len(text))
        at += len(text)
        if kind:
            prose.mark(begun, kind)
    return prose
