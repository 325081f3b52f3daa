"""Layers that a sentence says adapters are on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paper_repro.manuscript.numbers.patterns import occurs, pattern
from paper_repro.manuscript.numbers.settings import LORA
from paper_repro.manuscript.numbers.statement import Statement
from paper_repro.manuscript.sentences import Sentence

ATTENTION = frozenset({"q_proj", "k_proj", "v_proj", "o_proj"})
SEVEN = ATTENTION | {"gate_proj", "up_proj", "down_proj"}
UP_AND_DOWN = frozenset({"up_proj", "down_proj"})
"""Two words that mean something else where no third stands beside them."""
LINEAR = "all linear"
"""All linear layers of the language model, whatever their names."""

_NAMES = {
    **dict.fromkeys(("q", "query", "queries"), "q_proj"),
    **dict.fromkeys(("k", "key", "keys"), "k_proj"),
    **dict.fromkeys(("v", "value", "values"), "v_proj"),
    **dict.fromkeys(("o", "output", "out"), "o_proj"),
    "gate": "gate_proj",
    "up": "up_proj",
    "down": "down_proj",
}
_NAME = r"(?:[a-z]{1,4}_proj|c_attn|query_key_value|qkv|fc[12]|dense)"
_WORD = r"(?:query|key|value|output|gate|up|down)"
_AND = r"(?:, and |, | and | & |/|\+| \+ |,)"
_TARGETS = pattern(r"target[ _]modules|_proj\b|^\s*modules?\b[^.;]{0,40}[:|]")
_WEIGHT = re.compile(r"W_?\{?(?=[qkvo])", re.IGNORECASE)
_LISTS = (
    re.compile(rf"(?<!\w){_NAME}(?:[\"'\]]*{_AND}[\"'\[]*{_NAME}){{0,9}}(?!\w)"),
    pattern(
        rf"\b{_WORD}(?:{_AND}{_WORD}){{1,6}}[ -]",
        r"(?:projections?|matrices|layers|proj|weights)\b",
    ),
    re.compile(
        rf"(?<![\w'])(?:(?:[qkvoQKVO]|gate|up|down){_AND}){{1,6}}(?:[qkvoQKVO]|up|down)(?![\w'])"
    ),
    re.compile(rf"W_?\{{?[qkvoQKVO]\}}?(?:{_AND}W_?\{{?[qkvoQKVO]\}}?){{1,3}}(?!\w)"),
    re.compile(r"(?<!\w)(?:qkvo|QKVO|qkv|QKV)(?= ?(?:proj|matri|layers|and|modules|\)))"),
)
_WHOLES: tuple[tuple[re.Pattern[str], frozenset[str] | str], ...] = (
    (
        pattern(
            r"\b(?:all (?:seven|7)(?: \w+){0,2}|(?:the )?seven(?: linear| projection| decoder)?|",
            r"all-linear|all (?:the )?linear|every linear)[ -]",
            r"(?:modules?|layers?|projections?|matrices|Linear layers)\b",
        ),
        LINEAR,
    ),
    (
        pattern(
            r"\b(?:(?:all )?(?:four|4) attention|all attention|self-attention|attention) ",
            rf"(?:projections?|projection (?:matrices|layers|modules))\b(?!,? \W?{_NAME})",
        ),
        ATTENTION,
    ),
)


def modules(sentence: Sentence) -> Iterator[Statement]:
    """Every list of module names, and words for all of them."""
    text = sentence.text
    if not (occurs(LORA, sentence.passage.text) or _TARGETS.search(text)):
        return
    found: list[tuple[int, int, frozenset[str] | str]] = [
        (match.start(), match.end(), _named(match[0]))
        for names in _LISTS
        for match in names.finditer(text)
    ]
    for words, what in _WHOLES:
        found += [(match.start(), match.end(), what) for match in words.finditer(text)]
    taken = -1
    for start, end, names in sorted(found, key=lambda each: (each[0], -each[1])):
        if start >= taken and (names == LINEAR or len(names) > 1) and names != UP_AND_DOWN:
            yield Statement("modules", sentence, start, end, names)
            taken = end


def _named(words: str) -> frozenset[str]:
    if words.lower() in ("qkvo", "qkv"):
        return frozenset(_NAMES[letter] for letter in words.lower())
    parts = re.findall(r"[A-Za-z]+(?:_[a-z]+|\d)*", _WEIGHT.sub("", words))
    names = (_NAMES.get(part.lower(), part if re.search(r"_|\d", part) else "") for part in parts)
    return frozenset(name for name in names if name)
