"""A text as Markdown, LaTeX, HTML or plain text, each valid by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Literal

from paper_repro.writing.text import Cite, Name, Piece, Sentence, Text

Format = Literal["md", "tex", "html", "txt"]
LICENCE = "This text is released under CC0 1.0."
LONG = 12
"""Letters of a name that LaTeX may break, which it does not do in typewriter type by itself."""
BREAK = r"\g<0>\\allowbreak{}"
_SEAM = re.compile(r"/|(?:-|\\_)(?=\w{6})")
_MARKS = "\\`*_{}[]<>#|"


def render(text: Text, form: Format, parted: bool) -> str:
    """The whole text.

    Args:
        parted: whether every part stands under its name; else all is one paragraph.
    """
    parts = text.by_part() if parted else {"": list(text.sentences)}
    body = "\n\n".join(
        _paragraph(form, part.capitalize(), "".join(map(_WRITERS[form], _joined(sentences))))
        for part, sentences in parts.items()
    )
    return _WHOLE[form].format(body=body, licence=LICENCE) + "\n"


def words_of(text: Text) -> str:
    """The words alone, without a licence."""
    return "".join(map(_plain, _joined(list(text.sentences))))


def _joined(sentences: list[Sentence]) -> Iterator[Piece]:
    for place, each in enumerate(sentences):
        if place:
            yield " "
        yield from each.pieces


def _paragraph(form: Format, part: str, words: str) -> str:
    head = _HEADS[form].format(part) if part else ""
    return f"<p>{head}{words}</p>" if form == "html" else f"{head}{words}"


def markdown(piece: Piece) -> str:
    """A piece, with everything in it that is Markdown escaped."""
    if isinstance(piece, Cite):
        return f"[{'; '.join(f'@{key}' for key in piece.keys)}]"
    if isinstance(piece, Name):
        return f"`{piece.words}`"
    words = piece if isinstance(piece, str) else piece.words
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in words)


def _latex(piece: Piece) -> str:
    from pylatexenc.latexencode import unicode_to_latex

    if isinstance(piece, Cite):
        return rf"\cite{{{','.join(piece.keys)}}}"
    if isinstance(piece, str):
        return str(unicode_to_latex(piece))
    words = str(unicode_to_latex(piece.words))
    if isinstance(piece, Name):
        breakable = len(piece.words) > LONG
        return rf"\texttt{{{_SEAM.sub(BREAK, words) if breakable else words}}}"
    return words.replace(",", "{,}").replace(" ", "~")


def _html(piece: Piece) -> str:
    if isinstance(piece, Cite):
        return f"<cite>[{escape(', '.join(piece.keys))}]</cite>"
    if isinstance(piece, Name):
        return f"<code>{escape(piece.words)}</code>"
    return escape(piece if isinstance(piece, str) else piece.words)


def _plain(piece: Piece) -> str:
    if isinstance(piece, Cite):
        return f"[{', '.join(piece.keys)}]"
    return piece if isinstance(piece, str) else piece.words


_WRITERS: dict[str, Callable[[Piece], str]] = {
    "md": markdown,
    "tex": _latex,
    "html": _html,
    "txt": _plain,
}
_HEADS = {"md": "**{}.** ", "tex": r"\paragraph{{{}}} ", "html": "<b>{}.</b> ", "txt": "{}. "}
_WHOLE = {
    "md": "{body}\n\n<!-- {licence} -->",
    "tex": "% {licence}\n{body}",
    "html": "<!-- {licence} -->\n{body}",
    "txt": "{body}\n\n{licence}",
}
