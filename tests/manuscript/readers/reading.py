"""Manuscripts of a few lines, read as files are, and what must hold for each."""

from __future__ import annotations

import io
from pathlib import Path

from paper_repro.manuscript.readers import read


def everything(raw):
    return True


def reading(folder, name, text, worth=everything):
    """A file of this text or of these bytes, read; its places are checked."""
    path = Path(folder) / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    made = read(path, worth)
    check_places(made.source, made.passages)
    return made


def words(made):
    """What each passage says."""
    return [passage.text for passage in made.passages]


def kinds(passage, kind):
    """Words of a passage that are of this kind."""
    return [passage.text[s.start : s.end] for s in passage.spans if s.kind == kind]


def check_places(source, passages):
    """Each character is from a place in the source, and verbatim ones stand there."""
    for passage in passages:
        text, pieces = passage.text, passage.pieces
        assert text.strip() and pieces[0].start == 0
        ends = [piece.start for piece in pieces[1:]] + [len(text)]
        for piece, end in zip(pieces, ends, strict=True):
            assert piece.start < end
            assert 0 <= piece.at <= piece.at + piece.width <= len(source)
            if piece.verbatim:
                assert source[piece.at : piece.at + piece.width] == text[piece.start : end]
        assert all(0 <= span.start < span.end <= len(text) for span in passage.spans)


def stands_for(source, passage, part):
    """Characters of the source that some words of a passage are from."""
    start = passage.text.index(part)
    first, last = passage.at(start), passage.at(start + len(part) - 1)
    piece = (
        passage.pieces[[p.at for p in passage.pieces].index(last)]
        if not passage.verbatim(start + len(part) - 1, start + len(part))
        else None
    )
    return source[first : last + (piece.width if piece else 1)]


def saved(document):
    """Bytes of a python-docx document."""
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pdf(*pages, font=("Helvetica", 11)):
    """Bytes of a PDF whose pages have these lines."""
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream)
    for lines in pages:
        canvas.setFont(*font)
        for place, line in enumerate(lines):
            canvas.drawString(60, 780 - 16 * place, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()
