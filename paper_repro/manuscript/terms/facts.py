"""What rules on words may ask of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paper_repro.study import Study, Variant

if TYPE_CHECKING:
    from paper_repro.training.record import Record

_ADAPTERS = re.compile(r"\b(?:Q?LoRA|PEFT|adapters?|low-rank adapt\w*|parameter-efficient)\b", re.I)
_FOUR_BITS = re.compile(r"\b(?:QLoRA|NF4|4-bit|four-bit|4 bits|bnb_4bit|load_in_4bit)\b", re.I)
_NOT = re.compile(r"\b(?:not|no|without|instead of|rather than)\b[^.;,]*$", re.I)
_NONE = re.compile(r"\b(?:no|without(?: any)?|not use|instead of|rather than) (?:\w+ )?$", re.I)
_SEEDED = re.compile(
    r"\b(?:random )?seeds? (?:was |is |of |= ?|: ?|set to |fixed (?:to|at) )*\d+\b", re.I
)

_UNSEEDED = re.compile(
    r"\b(?:no|without (?:a|any)?|lacks? (?:a|any)|(?:did|do|does) not (?:fix|set|use) (?:a|any|"
    r"the)) ?(?:fixed |random )?seeds?\b|\bseeds? (?:was|"
    r"were|is) (?:not|never|un)\w*|\bunseeded\b",
    re.I,
)


@dataclass(frozen=True)
class RunFacts:
    """True, false, or None where nothing says.

    Attributes:
        adapters: whether adapters were trained, and nothing else.
        four_bits: whether the base was held in 4 bits.
        seeded: whether the run fixed a seed.
        rows_are_frames: whether each row of the data is one distinct frame.
    """

    adapters: bool | None = None
    four_bits: bool | None = None
    seeded: bool | None = None
    rows_are_frames: bool | None = None


def of_text(text: str) -> RunFacts:
    """What a text says of itself."""
    seeded = True if _SEEDED.search(text) else None
    return RunFacts(
        adapters=_said(_ADAPTERS, text, _NONE),
        four_bits=_said(_FOUR_BITS, text, _NOT),
        seeded=False if _UNSEEDED.search(text) else seeded,
    )


def _said(words: re.Pattern[str], text: str, denied: re.Pattern[str]) -> bool | None:
    """True where the words occur undenied."""
    said = (m for m in words.finditer(text) if not denied.search(text[: m.start()][-40:]))
    return True if any(said) else None


def of_variant(study: Study, variant: Variant) -> RunFacts:
    """What a study says of one reading."""
    return RunFacts(
        adapters=True,
        four_bits=variant.quantized,
        seeded=variant.settings.seed is not None,
        rows_are_frames=study.dataset(variant.settings.dataset).row_is_frame,
    )


def of_record(record: Record, facts: RunFacts) -> RunFacts:
    """What a record says, beside what its variant does."""
    return replace(
        facts,
        four_bits=record.settings["precision"] == "nf4",
        seeded=record.settings.get("seed") is not None,
    )


def first(*sources: RunFacts) -> RunFacts:
    """Each fact of the first source that has it."""
    names = ("adapters", "four_bits", "seeded", "rows_are_frames")
    values = {
        name: next((v for s in sources if (v := getattr(s, name)) is not None), None)
        for name in names
    }
    return RunFacts(**values)
