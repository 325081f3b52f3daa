"""What stands in a block of LaTeX: macros, maths, quotation marks.

pylatexenc's parser calls itself for each brace and needs seconds for a long paper, so a scanner
of our own reads tokens one after another; what a symbol's macro stands for is pylatexenc's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from paper_repro.manuscript.document import Kind
from paper_repro.manuscript.readers import siunitx
from paper_repro.manuscript.readers.latex_names import (
    ACCENTS,
    AROUND,
    DROPPED,
    KINDS,
    LETTER_ACCENTS,
    MATHS,
    NOTES,
    RAW,
    SIGNS,
    SWITCHES,
    accented,
    reference,
    symbol,
)
from paper_repro.manuscript.readers.latex_syntax import (
    BLANK,
    ENVIRONMENT,
    VERB,
    after_arguments,
    argument,
    pairs_of,
)
from paper_repro.manuscript.readers.prose import Prose

_TOKEN = re.compile(
    rf"""
    {VERB}
    |{ENVIRONMENT}
    |\\(?P<name>[a-zA-Z@]+)\*?
    |\\(?P<sign>[\s\S])
    |(?P<dashes>--+)|(?P<quotes>``|''|`)
    |(?P<dollar>\$\$?)|(?P<brace>[{{}}])|(?P<space>[~&])
    """,
    re.VERBOSE,
)
_TO_DOLLAR = re.compile(r"(?:[^$\\]|\\[\s\S])*+\$")
_ACCENTED = re.compile(r"\s*(?:\{[^{}]{0,8}\}|\\[ij](?![a-zA-Z])|[a-zA-Z])")
_PLAIN_NUMBER = re.compile(r"[\d.]+")
_MARKS = {"--": "–", "``": "“", "''": "”", "`": "\u2018"}


def put(
    prose: Prose, text: str, start: int, end: int, pairs: Mapping[int, int]
) -> list[tuple[int, int]]:
    """The words of a block.

    Args:
        prose: where they go.
        text: without comments.
        start: of the block.
        end: of the block.
        pairs: where its braces end, see :func:`pairs_of`.

    Returns:
        Where its footnotes and captions stand, which are no part of it.
    """
    return _Block(prose, text, end, pairs).read(start)


def put_maths(prose: Prose, text: str, start: int, end: int) -> None:
    """The words of a formula."""
    block = _Block(prose, text, end, pairs_of(text, start, end))
    block.maths = prose.begin()
    block.read(start)


class _Block:
    """Reads one block; each method for a token gives where reading goes on."""

    def __init__(self, prose: Prose, text: str, end: int, pairs: Mapping[int, int]) -> None:
        self.prose, self.text, self.end, self.pairs = prose, text, end, pairs
        self.notes: list[tuple[int, int]] = []
        self.maths: int | None = None
        self.dollars = 0
        self.closing: dict[int, tuple[str, int, Kind | None]] = {}

    def read(self, start: int) -> list[tuple[int, int]]:
        """All of it."""
        done = start
        while token := _TOKEN.search(self.text, done, self.end):
            self.prose.words(self.text, done, token.start())
            done = self._turn(token)
        self.prose.words(self.text, done, self.end)
        self._end_maths()
        return self.notes

    def _turn(self, token: re.Match[str]) -> int:
        start, end = token.span()
        match token.lastgroup:
            case "name":
                return self._macro(token["name"], start, end)
            case "sign":
                return self._sign(token["sign"], start, end)
            case "environment":
                return self._environment(token["environment"], start, end)
            case "dollar":
                return self._dollar(start, end)
            case "verb":
                begun = self.prose.begin()
                self.prose.words(self.text, *token.span("verb"))
                self.prose.mark(begun, "code")
            case "space":
                self.prose.space(start, end)
            case "brace":
                self._brace(start)
            case _ if self.maths is not None:
                self.prose.words(self.text, start, end)
            case _:
                self.prose.put_for(_MARKS.get(token[0], "—"), start, end - start)
        return end

    def _macro(self, name: str, start: int, end: int) -> int:
        if name in siunitx.ARGUMENTS:
            return self._quantity(siunitx.ARGUMENTS[name], end)
        if what := reference(name):
            after = self._without(end, 1)
            self.prose.put_for(what, start, after - start, "reference")
            return after
        if name in LETTER_ACCENTS and self.maths is None:
            return self._accent(start, end)
        after = self._without(end, DROPPED.get(name, 0))
        brace = self._argument(after)
        if brace is not None and name in NOTES:
            self.notes.append((brace + 1, self.pairs[brace]))
            return self.pairs[brace] + 1
        if brace is not None and name in RAW:
            begun = self.prose.begin()
            self.prose.words(self.text, brace + 1, self.pairs[brace])
            self.prose.mark(begun, RAW[name])
            return self.pairs[brace] + 1
        if brace is not None and self._is_around(name, start, brace):
            return brace + 1
        words = symbol(name)
        self.prose.symbol(words, start, end)
        if brace is not None:
            return brace
        blank = BLANK.match(self.text, after, self.end)
        behind = blank.end() if blank else after
        beside = self.text[start - 1 : start].isspace() or self.text.startswith("\\", behind)
        swallows = (words or name in SWITCHES) and not (self.maths is not None and beside)
        return behind if swallows else after

    def _is_around(self, name: str, start: int, brace: int) -> bool:
        """Whether a macro puts something before or behind its argument, or is of a kind."""
        kind = KINDS.get(name)
        if name == "textsuperscript" and not self.prose.ends_in_digit():
            kind = "reference"
        before, behind = AROUND.get(name, ("", ""))
        if not (kind or before or behind):
            return False
        begun = self.prose.begin()
        self.prose.put_for(before, start, brace + 1 - start)
        self.closing[self.pairs[brace]] = (behind, begun, kind)
        return True

    def _brace(self, at: int) -> None:
        if at in self.closing:
            words, begun, kind = self.closing.pop(at)
            self.prose.put_for(words, at, 1)
            if kind:
                self.prose.mark(begun, kind)
        elif self.maths is None and self.text.startswith("}{", at):
            self.prose.space(at, at + 1)

    def _quantity(self, arguments: str, at: int) -> int:
        number = ""
        for place, kind in enumerate(arguments):
            brace = self._argument(at)
            if brace is None:
                return at
            at = self.pairs[brace] + 1
            raw = self.text[brace + 1 : at - 1]
            if kind == "u":
                words = siunitx.unit(raw, number == "1")
                self.prose.put_for(" " * bool(place and words) + words, brace, at - brace)
                continue
            self.prose.put_for("–" * bool(place), brace, 0)
            number = siunitx.number(raw)
            if _PLAIN_NUMBER.fullmatch(raw):
                self.prose.put(raw, brace + 1)
            else:
                self.prose.put_for(number, brace, at - brace)
        return at

    def _environment(self, name: str, start: int, end: int) -> int:
        begins = self.text.startswith(r"\begin", start)
        if name not in MATHS:
            return after_arguments(self.text, end, name, self.pairs) if begins else end
        if begins:
            self._begin_maths(0)
        else:
            self._end_maths()
        return end

    def _dollar(self, start: int, end: int) -> int:
        if self.maths is not None and self.dollars:
            self._end_maths()
            return min(start + self.dollars, end)
        if self.maths is None and not _TO_DOLLAR.match(self.text, end, self.end):
            self.prose.words(self.text, start, end)
        else:
            self._begin_maths(end - start)
        return end

    def _sign(self, sign: str, start: int, end: int) -> int:
        if sign in "([":
            self._begin_maths(0)
        elif sign in ")]":
            self._end_maths()
        elif sign in ACCENTS:
            return self._accent(start, end)
        else:
            self.prose.symbol(SIGNS.get(sign, ""), start, end)
        return end

    def _accent(self, start: int, end: int) -> int:
        letter = _ACCENTED.match(self.text, end, self.end)
        if not letter:
            return end
        words = accented(self.text[start : letter.end()])
        self.prose.put_for(words, start, letter.end() - start)
        return letter.end()

    def _begin_maths(self, dollars: int) -> None:
        if self.maths is None:
            self.maths, self.dollars = self.prose.begin(), dollars

    def _end_maths(self) -> None:
        if self.maths is not None:
            self.prose.mark(self.maths, "maths")
            self.maths = None

    def _argument(self, at: int) -> int | None:
        return argument(self.text, at, self.end, self.pairs)

    def _without(self, at: int, count: int) -> int:
        """Behind so many arguments."""
        for _ in range(count):
            brace = self._argument(at)
            if brace is None:
                break
            at = self.pairs[brace] + 1
        return at
