"""Small pieces that patterns for sentences are made of, and where in a sentence they occur."""

from __future__ import annotations

import re
from functools import lru_cache

BILLIONS = r"(?:B|M|billion|million)"
ABOUT = r"(?:(?:about|approximately|roughly|some|only|just|exactly|a total of) |~)?"
MODEL_MODIFIER = (
    r"(?:base|pre-?trained|frozen|vision-language|multimodal|large|language|open|Qwen2-VL|instruct|"
    r"instruction-tuned|small|underlying|foundation|generalist|full)"
)
MODEL = r"(?:models?|VLMs?|LLMs?|MLLMs?|LVLMs?|base|backbone|checkpoint|transformer|network)\b"
PARAMETERS = r"(?:parameters?|params?|weights)\b"
TRAINED = (
    r"trainable|trained|learnable|tune?able|tuned|fine-?tuned|adapt(?:er|or|ers|able|ation)|Q?LoRA|"
    r"low-rank|updated|optimi[sz]ed|additional|new|extra|added|injected|newly"
)
BASE = r"frozen|base|pre-?trained|original|backbone|underlying|existing|full|entire|all|model|total"
EARLIER = 2_000
"""Characters of a passage that a sentence may lean on: those right before it."""
LABEL_END = r"(?: \u00b7 [^|:]{1,80})? ?[:=|] ?"
"""What stands between the name of a quantity and its value: in a table, a row's first cell too."""


def pattern(*parts: str) -> re.Pattern[str]:
    """One regular expression of several parts, whatever the case."""
    return re.compile("".join(parts), re.IGNORECASE)


@lru_cache(maxsize=512)
def spans(found: re.Pattern[str], text: str) -> tuple[tuple[int, int], ...]:
    """Where a pattern occurs in a sentence; looked for once, however many statements ask."""
    return tuple(match.span() for match in found.finditer(text))


@lru_cache(maxsize=512)
def occurs(found: re.Pattern[str], text: str) -> bool:
    """Whether a pattern occurs in a text; looked for once, too."""
    return found.search(text) is not None


def clause(ends: re.Pattern[str], text: str, start: int, end: int) -> tuple[int, int]:
    """From which character up to which the clause goes that holds characters of a sentence.

    Args:
        ends: what stands between clauses.
        start: of what the clause holds.
        end: of the same.
    """
    marks = spans(ends, text)
    first = max((last for _, last in marks if last <= start), default=0)
    return first, min((mark for mark, _ in marks if mark >= end), default=len(text))


def has(words: str, alternatives: str) -> bool:
    """Whether one of these words occurs."""
    return re.search(rf"\b(?:{alternatives})\b", words, re.IGNORECASE) is not None


def before(text: str, place: int, width: int = 90) -> str:
    """What stands before a place in a sentence."""
    return text[max(0, place - width) : place]
