"""Readers of manuscripts, one module for each format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from paper_repro.errors import UserError
from paper_repro.manuscript.document import Manuscript, Passage
from paper_repro.manuscript.readers import docx, html, latex, markdown, pdf, plain
from paper_repro.manuscript.readers.files import decode, load
from paper_repro.manuscript.readers.prose import Worth

_TEXTS: dict[str, Callable[[str, Worth], tuple[Passage, ...]]] = {
    ".md": markdown.passages,
    ".markdown": markdown.passages,
    ".tex": latex.passages,
    ".txt": plain.passages,
    ".html": html.passages,
    ".htm": html.passages,
}
_PACKED: dict[str, Callable[[Path, bytes, Worth], Manuscript]] = {
    ".docx": docx.manuscript,
    ".pdf": pdf.manuscript,
}
SUFFIXES = (*_TEXTS, *_PACKED)
"""Of the files that can be read."""


def read(path: Path, worth: Worth) -> Manuscript:
    """A file as passages of prose.

    Args:
        path: its suffix says the format.
        worth: whether a block's raw text could hold anything of interest; other blocks are
            passed over, except headings.

    Returns:
        The file's text, and its passages in order.

    Raises:
        UserError: the suffix is not one of :data:`SUFFIXES`, or the file cannot be read as that.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not path.is_dir():
        raise UserError(
            f"{path} is of no format that is read.",
            expected=f"a file that ends in one of {', '.join(SUFFIXES)}",
            got=suffix or "no suffix",
            next_command=f"pandoc {path} -t markdown -o new.md",
        )
    data = load(path)
    if suffix in _PACKED:
        return _PACKED[suffix](path, data, worth)
    text, editable = decode(path, data)
    return Manuscript(str(path), text, _TEXTS[suffix](text, worth), editable)
