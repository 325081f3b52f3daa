"""How LaTeX is written: what ends where, and where the arguments of a macro are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from paper_repro.manuscript.readers.latex_names import WITH_ARGUMENTS

VERB = (
    r"\\(?:verb\*?|lstinline(?:\[[^\]\r\n]*\])?|mintinline(?:\[[^\]\r\n]*\])?\{\w*\})"
    r"(?P<mark>[^\sa-zA-Z*{\\])(?P<verb>[^\r\n]{0,500}?)(?P=mark)"
)
"""Code with two equal signs around it."""
ENVIRONMENT = r"\\(?P<turn>begin|end)\s*\{(?P<environment>[^{}]*)\}"
BLANK = re.compile(r"[ \t\r\n\0]*")
_PAIR = re.compile(rf"{VERB}|{ENVIRONMENT}|\\[\s\S]|[{{}}]")
_OPTION = re.compile(r"\s*(?:\[[^\[\]]{0,300}\]|\([lr]+\))")


def pairs_of(text: str, start: int, end: int) -> dict[int, int]:
    """Where braces and environments that begin in a text end.

    Args:
        text: without comments.
        start: of what is read.
        end: of what is read.

    Returns:
        The place of ``}`` by that of ``{``, and of ``\\end`` by that of ``\\begin``.
    """
    pairs: dict[int, int] = {}
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for found in _PAIR.finditer(text, start, end):
        name = found["environment"] if found["turn"] else "{"
        if found["turn"] == "begin" or found[0] == "{":
            waiting[name].append(found.start())
        elif (found["turn"] or found[0] == "}") and waiting[name]:
            pairs[waiting[name].pop()] = found.start()
    return pairs


def argument(text: str, at: int, end: int, pairs: Mapping[int, int]) -> int | None:
    """Where the brace of an argument stands that follows, behind its options.

    Args:
        text: without comments.
        at: where the macro ends.
        end: of what is read.
        pairs: where braces end.

    Returns:
        None where there is no argument that ends before ``end``.
    """
    while option := _OPTION.match(text, at, end):
        at = option.end()
    blank = BLANK.match(text, at, end)
    at = blank.end() if blank else at
    return at if text.startswith("{", at) and pairs.get(at, end) < end else None


def after_arguments(text: str, at: int, name: str, pairs: Mapping[int, int]) -> int:
    """Behind the options of an environment, and behind its arguments where it has some."""
    signs = ("{", "[") if name in WITH_ARGUMENTS else ("[",)
    while text.startswith(signs, at):
        option = _OPTION.match(text, at)
        behind = option.end() if option else pairs.get(at, at - 1) + 1
        if behind == at:
            break
        at = behind
    return at
