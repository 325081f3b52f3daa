"""Comments in a manuscript that switch rules off.

``<!-- paper-repro: disable retrained -->`` holds to the end of the file or to ``enable``;
``disable-line`` and ``disable-next-line`` hold for one. Without names all rules are meant. In LaTeX
the comment begins with ``%``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from paper_repro.manuscript.document import Manuscript
from paper_repro.manuscript.finding import Finding

_COMMENT = re.compile(
    r"(?:<!--|(?<!\\)%)[ \t]*paper-repro:[ \t]*"
    r"(?P<what>disable-next-line|disable-line|disable|enable)\b(?P<rules>[a-z0-9, \t-]{0,400})"
)


class Directive(NamedTuple):
    """A comment: what it asks, from which line on, of which rules (empty: all)."""

    what: str
    line: int
    rules: frozenset[str]


def directives(manuscript: Manuscript) -> list[Directive]:
    """Every such comment of a manuscript."""
    if "paper-repro:" not in manuscript.source:
        return []
    return [
        Directive(
            match["what"],
            manuscript.place(match.start())[0],
            frozenset(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", match["rules"])),
        )
        for match in _COMMENT.finditer(manuscript.source)
    ]


def enabled(findings: Iterable[Finding], asked: list[Directive]) -> Iterator[Finding]:
    """The findings that no comment switches off."""
    for finding in findings:
        if not _is_off(finding, asked):
            yield finding


def _is_off(finding: Finding, asked: list[Directive]) -> bool:
    off = False
    for each in asked:
        if each.rules and finding.rule not in each.rules:
            continue
        if each.what == "disable-line" and each.line == finding.line:
            return True
        if each.what == "disable-next-line" and each.line + 1 == finding.line:
            return True
        if each.line <= finding.line and each.what in ("disable", "enable"):
            off = each.what == "disable"
    return off


def unknown(asked: list[Directive], names: Iterable[str]) -> list[tuple[int, str]]:
    """Line and name of every rule that a comment names and nobody knows."""
    known = set(names)
    return [(each.line, rule) for each in asked for rule in sorted(each.rules - known)]
