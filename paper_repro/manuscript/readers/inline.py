"""What stands in a block of Markdown: emphasis, links, code, maths, citations.

markdown-it says of none of them where it stands, hence a scanner of our own; its time is linear.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterator
from html import unescape
from typing import NamedTuple

from paper_repro.manuscript.readers import html, latex_block
from paper_repro.manuscript.readers.prose import Prose

_TOKEN = re.compile(
    rf"""
    (?P<escape>\\[!-/:-@\[-`{{-~])
    |(?P<newline>\\\n)
    |(?P<ticks>`+)
    |(?P<link><(?:[a-zA-Z][a-zA-Z0-9+.-]{{1,31}}:[^\s<>]*|[^\s<>@]+@[^\s<>]+)>)
    |<!--(?s:.*?)(?:-->|\Z)|<[!?][^<>]*>
    |<(?P<closing>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*)
        (?:\s+[a-zA-Z_:][\w.:-]*+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*+\s*/?>
    |(?P<entity>{html.ENTITY})
    |(?P<maths>\$\$[^$]+\$\$|\$(?![\s$])(?:[^$\\]|\\.)*+(?<!\s)\$(?!\d))
    |(?P<url>(?:https?://|www\.)[^\s<>\[\]]*[^\s<>\[\].,;:!?)'"*_])
    |(?P<cite>(?<![\w.@])@[a-zA-Z][\w:.-]*\b)
    |(?P<open>!?\[)|(?P<close>\])
    |(?P<run>\*+|_+)
    """,
    re.VERBOSE,
)
_TARGET = re.compile(
    r"""\(\s*(?:<[^<>\n]*>|(?:[^\s()\\]|\\.|\([^\s()]*\))*+)"""
    r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)"""
)
_LABEL = re.compile(r"\[([^\[\]]{0,999})\]")
_CITED = re.compile(r"(?<![\w.])@\w")
_LABEL_LENGTH = 999


class _Token(NamedTuple):
    kind: str
    start: int
    end: int
    found: re.Match[str]


class _Cut(NamedTuple):
    """What is put for the characters up to ``end``."""

    end: int
    text: str = ""


def put(prose: Prose, raw: str, references: Container[str]) -> None:
    """The words of a block.

    Args:
        prose: where they go.
        raw: the block's text.
        references: labels of links that are defined somewhere, as markdown-it normalises them.
    """
    tokens = list(_scan(raw))
    cuts = _brackets(raw, tokens, references)
    tokens = list(_outside(tokens, cuts))
    cuts |= _emphasis(raw, tokens)
    tags = html.Tags(prose)
    done = 0
    for token in tokens:
        prose.words(raw, done, token.start)
        done = _put_token(prose, tags, raw, token, cuts)
    prose.words(raw, done, len(raw))
    tags.close()


def _put_token(
    prose: Prose, tags: html.Tags, raw: str, token: _Token, cuts: dict[int, _Cut]
) -> int:
    """Puts what a token stands for, and gives where reading goes on."""
    _, start, end, found = token
    match token.kind:
        case "escape":
            prose.put_for(raw[start + 1], start, 2)
        case "newline":
            prose.space(start, end)
        case "code":
            begun = prose.begin()
            ticks = len(found[0])
            prose.words(raw, start + ticks, end - ticks)
            prose.mark(begun, "code")
        case "link":
            prose.put(raw[start + 1 : end - 1], start + 1, "reference")
        case "url":
            prose.put(raw[start:end], start, "reference")
        case "cite":
            prose.put_for("[cite]", start, end - start, "reference")
        case "entity":
            prose.symbol(unescape(found[0]), start, end)
        case "maths":
            width = 2 if found[0].startswith("$$") else 1
            latex_block.put_maths(prose, raw, start + width, end - width)
        case "name":
            tags.put(found)
        case _ if start in cuts:
            end, words = cuts[start]
            if words:
                prose.put_for(words, start, end - start, "reference")
        case "open" | "close" | "run":
            prose.words(raw, start, end)
    return end


def _scan(raw: str) -> Iterator[_Token]:
    """Tokens in order, none within code."""
    runs: dict[int, list[int]] = defaultdict(list)
    for run in reversed(list(re.finditer("`+", raw))):
        runs[len(run[0])].append(run.start())
    done = 0
    while found := _TOKEN.search(raw, done):
        kind = found.lastgroup or "comment"
        done = found.end()
        if kind == "ticks":
            later = runs[len(found[0])]
            while later and later[-1] <= found.start():
                later.pop()
            if not later:
                continue
            kind, done = "code", later[-1] + len(found[0])
        yield _Token(kind, found.start(), done, found)


def _outside(tokens: list[_Token], cuts: dict[int, _Cut]) -> Iterator[_Token]:
    """Tokens that are not within the target of a link, an image or a citation."""
    done = 0
    for token in tokens:
        if token.start >= done:
            yield token
            done = cuts.get(token.start, token).end


def _brackets(raw: str, tokens: list[_Token], references: Container[str]) -> dict[int, _Cut]:
    cuts: dict[int, _Cut] = {}
    waiting: list[_Token] = []
    last: _Token | None = None
    for token in tokens:
        if token.kind == "open":
            waiting.append(token)
            last = token
        elif token.kind == "close" and waiting:
            opened = waiting.pop()
            cuts |= _bracketed(raw, opened, token, opened is last, references)
            last = token
    return cuts


def _bracketed(
    raw: str, opened: _Token, closed: _Token, flat: bool, references: Container[str]
) -> dict[int, _Cut]:
    """What becomes of a pair of brackets; ``flat`` where there is none within."""
    short = closed.start - opened.end <= _LABEL_LENGTH
    inner = raw[opened.end : closed.start] if short else ""
    if flat and inner.startswith("^"):
        return {opened.start: _Cut(closed.end)}
    if flat and _CITED.search(inner):
        return {opened.start: _Cut(closed.end, "[cite]")}
    end = _target(raw, inner, closed.end, references)
    if end is None:
        return {}
    if raw[opened.start] == "!":
        return {opened.start: _Cut(end)}
    return {opened.start: _Cut(opened.end), closed.start: _Cut(end)}


def _target(raw: str, inner: str, at: int, references: Container[str]) -> int | None:
    """Where the target of a link ends that begins here; None where it is no link."""
    from markdown_it.common.utils import normalizeReference

    if target := _TARGET.match(raw, at):
        return target.end()
    label = _LABEL.match(raw, at)
    words = label[1] if label and label[1].strip() else inner
    if words and normalizeReference(words) in references:
        return label.end() if label else at
    return None


def _emphasis(raw: str, tokens: list[_Token]) -> dict[int, _Cut]:
    cuts: dict[int, _Cut] = {}
    waiting: defaultdict[str, list[_Token]] = defaultdict(list)
    for token in tokens:
        if token.kind != "run":
            continue
        mark = token.found[0]
        before, after = raw[token.start - 1 : token.start] or " ", raw[token.end : token.end + 1]
        within = mark[0] == "_" and before.isalnum() and after.isalnum()
        if waiting[mark] and not before.isspace() and not within:
            opened = waiting[mark].pop()
            cuts |= {opened.start: _Cut(opened.end), token.start: _Cut(token.end)}
        elif after and not after.isspace() and not within:
            waiting[mark].append(token)
    return cuts
