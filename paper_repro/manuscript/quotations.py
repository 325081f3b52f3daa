"""What stands in quotation marks."""

from __future__ import annotations

import re

from paper_repro.manuscript.numbers.patterns import spans

_QUOTED = re.compile(
    '\u201c[^\u201c\u201d]{1,400}\u201d|"[^"]{1,400}"|\u00ab[^\u00bb]{1,400}\u00bb|'
    "\u201e[^\u201c]{1,400}\u201c|(?<!\\w)'[^']{2,80}'(?!\\w)"
)


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether characters of a sentence stand between quotation marks."""
    return any(first <= start and end <= last for first, last in spans(_QUOTED, text))
