"""Plain text: paragraphs between blank lines, words that were hyphenated at a line's end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from paper_repro.manuscript.document import Passage, lines_of
from paper_repro.manuscript.readers.prose import Passages, Prose, Worth

HEADING = 60
"""A line with more characters is no heading."""
_SPECIAL = re.compile(
    r"(?P<joined>(?<=[^\W\d_A-Z])[-\u2010\xad][ \t]*(?>\r\n|\r|\n)[ \t]*(?=[^\W\d_A-Z]))"
    r"|[\ufb00-\ufb06]"
)
_UNDERLINE = re.compile(r"(?:-{3,}|={3,}|~{3,}|\*{3,})\s*")
_HEADING = re.compile(r"[^\W_].*[^.!?:;,\s]", re.DOTALL)


def passages(text: str, worth: Worth) -> tuple[Passage, ...]:
    """Paragraphs of a plain text, and the short lines that stand alone as their headings.

    Args:
        text: of the whole file.
        worth: whether a paragraph is read.

    Returns:
        The passages in order.
    """
    into = Passages()
    for start, end in paragraphs(text):
        raw = text[start:end].lstrip("\ufeff").strip()
        if _is_heading(raw):
            into.head(prose(text, start, start + len(lines_of(text[start:end])[0])), 1)
        elif worth(raw):
            into.add(prose(text, start, end))
    return tuple(into.made)


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Where runs of lines begin and end that are not blank."""
    begun: int | None = None
    at = 0
    for line in lines_of(text):
        if line.isspace():
            if begun is not None:
                yield begun, at
            begun = None
        elif begun is None:
            begun = at
        at += len(line)
    if begun is not None:
        yield begun, at


def prose(text: str, start: int, end: int) -> Prose:
    """Some lines as a passage: hyphenated words are joined, ligatures written out."""
    made = Prose()
    done = start
    for found in _SPECIAL.finditer(text, start, end):
        made.words(text, done, found.start())
        if not found["joined"]:
            made.put_for(normalize("NFKC", found[0]), found.start(), 1)
        done = found.end()
    made.words(text, done, end)
    return made


def _is_heading(raw: str) -> bool:
    """Whether a paragraph is one short line, underlined or not."""
    line, *below = lines_of(raw) or [""]
    alone = not below or (len(below) == 1 and _UNDERLINE.fullmatch(below[0]))
    return bool(alone) and len(line) <= HEADING and bool(_HEADING.fullmatch(line.strip()))
