"""PDF: the lines of each page as pypdf finds them; a page is one passage where nothing parts it."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.errors import UserError
from paper_repro.manuscript.document import Manuscript, lines_of
from paper_repro.manuscript.readers.files import refused
from paper_repro.manuscript.readers.plain import prose
from paper_repro.manuscript.readers.prose import Passages, Worth

if TYPE_CHECKING:
    from pypdf import PdfReader

SECONDS = 30.0
"""After which no further page is begun."""
LONGEST = 8 << 20
"""Characters of all pages."""
_HEADING = re.compile(
    r"(?:(?:\d+|[IVX]+|[A-Z])\.?\s+)?(?i:abstract|introduction|background|related work|methods?"
    r"|methodology|materials and methods|experiments?|results|results and discussion|discussion"
    r"|limitations|conclusions?|acknowledge?ments?|references|bibliography|supplementary materials?"
    r"|appendix|appendices|appendix [A-Z]\b.{0,50}(?<!\.))"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_LIGATURES = str.maketrans("\x1b\x1c\x1d\x1e\x1f", "\ufb00\ufb01\ufb02\ufb03\ufb04")
"""Where TeX's fonts have them, for files that do not say which letters these are."""


def manuscript(path: Path, data: bytes, worth: Worth) -> Manuscript:
    """A PDF as passages.

    Args:
        path: for messages.
        data: the file's bytes.
        worth: whether a paragraph is read.

    Returns:
        The passages, and lines of text as the source.

    Raises:
        UserError: it is no PDF, is broken or locked, holds no text, or takes too long.
    """
    from pypdf.errors import LimitReachedError

    try:
        with _quiet():
            pages = list(_pages(path, _opened(path, data)))
    except UserError:
        raise
    except LimitReachedError:
        raise _too_much(path) from None
    except Exception as error:  # pypdf raises anything for broken files
        raise refused(
            path,
            "is not a PDF, or is broken",
            "a .pdf file",
            f"{type(error).__name__}: {str(error)[:80]}",
            f"qpdf {path} new.pdf",
        ) from None
    if not any(page.strip() for page in pages):
        raise refused(
            path,
            "holds no text: its pages are pictures",
            "a PDF with text; a scanned one needs OCR first",
            f"{len(pages)} pages without a word",
            f"ocrmypdf {path} new.pdf",
        )
    return _read(path, pages, worth)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what pypdf logs and warns of."""
    logger = logging.getLogger("pypdf")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _opened(path: Path, data: bytes) -> PdfReader:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    reader = PdfReader(BytesIO(data))
    try:
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError:
        locked = True
    if locked:
        raise refused(
            path,
            "is locked with a password",
            "a PDF that opens without one",
            "an encrypted PDF",
            f"qpdf --decrypt --password=PASSWORD {path} new.pdf",
        )
    return reader


def _pages(path: Path, reader: PdfReader) -> Iterator[str]:
    end = time.monotonic() + SECONDS
    left = LONGEST
    for page in reader.pages:
        if time.monotonic() > end or left < 0:
            raise _too_much(path)
        text = _SURROGATES.sub("\ufffd", page.extract_text()).translate(_LIGATURES)
        left -= len(text)
        yield text


def _too_much(path: Path) -> UserError:
    return refused(
        path,
        "is no manuscript: its pages unpack to far too much",
        f"pages that are read in {SECONDS:.0f} s, of {LONGEST >> 20} million characters",
        "more",
        f"qpdf {path} --pages . 1-20 -- new.pdf",
    )


def _read(path: Path, pages: list[str], worth: Worth) -> Manuscript:
    source = "\n".join(pages)
    into = Passages()
    at = 0
    for number, page in enumerate(pages, 1):
        begun: int | None = None
        for line in lines_of(page):
            heading = bool(_HEADING.fullmatch(line.strip()))
            if begun is not None and (heading or line.isspace()):
                _add(into, source, begun, at, number, worth)
                begun = None
            if heading:
                into.head(prose(source, at, at + len(line)), 1, number)
            elif begun is None and not line.isspace():
                begun = at
            at += len(line)
        if begun is not None:
            _add(into, source, begun, at, number, worth)
        at += 1
    return Manuscript(str(path), source, tuple(into.made), editable=False)


def _add(into: Passages, source: str, start: int, end: int, page: int, worth: Worth) -> None:
    if worth(source[start:end]):
        into.add(prose(source, start, end), "paragraph", page)
