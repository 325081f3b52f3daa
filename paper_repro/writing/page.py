"""A page in Markdown of blocks whose numbers are figures: headings, paragraphs, tables, code.

``to_markdown(blocks)`` writes it; ``figures(blocks)`` gives every number on it with its source.
Citations become links to what they cite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paper_repro.verify.report.markdown import fence
from paper_repro.writing.bibliography import address
from paper_repro.writing.formats import markdown
from paper_repro.writing.text import Cite, Figure, Name, Piece, Sentence

Cell = tuple[Piece, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; the page's own has depth 1."""

    words: Cell
    depth: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Pieces that read one after another."""

    pieces: Cell


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """A table; rows are as long as its head."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Listing:
    """Code, or anything else that stands as it is."""

    text: str
    language: str


Block = Heading | Paragraph | Items | Grid | Listing


def paragraph(sentences: Iterable[Sentence]) -> Paragraph:
    """Sentences as one paragraph."""
    pieces: list[Piece] = []
    for each in sentences:
        pieces += [" ", *each.pieces] if pieces else each.pieces
    return Paragraph(tuple(pieces))


def pieces(blocks: Iterable[Block]) -> Iterator[Piece]:
    """Everything on the page but heads of tables and what stands as it is."""
    for block in blocks:
        yield from _pieces(block)


def figures(blocks: Iterable[Block]) -> list[Figure]:
    """Every number with its source, in the page's order."""
    return [piece for piece in pieces(blocks) if isinstance(piece, Figure)]


def cited(blocks: Iterable[Block]) -> list[str]:
    """Keys of what is cited, in the order in which they first occur."""
    cites = (piece for piece in pieces(blocks) if isinstance(piece, Cite))
    return list(dict.fromkeys(key for cite in cites for key in cite.keys))


def to_markdown(blocks: Iterable[Block]) -> str:
    """The page, for GitHub, the hub and any other reader of Markdown with tables."""
    return "\n\n".join(map(_block, blocks)) + "\n"


def _pieces(block: Block) -> Iterator[Piece]:
    match block:
        case Heading():
            yield from block.words
        case Paragraph():
            yield from block.pieces
        case Items():
            yield from (piece for item in block.items for piece in item)
        case Grid():
            yield from (piece for row in block.rows for cell in row for piece in cell)


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.depth} {_line(block.words)}"
        case Paragraph():
            return _line(block.pieces)
        case Items():
            return "\n".join(f"- {_line(item)}" for item in block.items)
        case Grid():
            rows = [tuple(block.head), ("---",) * len(block.head)]
            rows += [tuple(map(_line, row)) for row in block.rows]
            return "\n".join(f"| {' | '.join(row)} |" for row in rows)
        case Listing():
            return fence(block.text.rstrip(), block.language)


def _line(pieces: Cell) -> str:
    return "".join(map(_piece, pieces))


def _piece(piece: Piece) -> str:
    if isinstance(piece, Cite):
        return "; ".join(f"[{key}]({address(key)})" if address(key) else key for key in piece.keys)
    if isinstance(piece, Name) and re.search(r"[`|\n]", piece.words):
        return markdown(" ".join(piece.words.split()))
    return markdown(piece)
