"""What the base is taught: colours, shapes and places in drawn frames, in sentences.

``lesson(seed, index)`` is a pure function: lessons are endless, none is stored, and none repeats.
Some that follow one another are about one frame, which saves drawing it anew.
The words of surgery are only copied (``Repeat: ring curette``): the base can write them, and does
not know what they look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.points import Point, quadrant, write_point
from paper_repro.miniature.frames import Placed, Scene, scene
from paper_repro.miniature.things import (
    COLOURS,
    CORNERS,
    NAMED,
    PATTERNS,
    SHAPES,
    THINGS,
    TISSUES,
    Look,
)

POINTING = (
    "Point to the {} in this surgical frame.",
    "Where is the {}?",
    "Show where the {} lies.",
)
POINTING_TWICE = "Point to the {} and to the {}."
PHASE_QUESTION = "Which phase of the operation is this?"
STEP_QUESTION = "Which step of the operation is this?"
_WORDS = (
    *COLOURS,
    *SHAPES,
    *NAMED,
    *(name.replace("_", " ") for name in (*PHASES, *STEPS)),
)
SHARES = {
    "point": 0.3,
    "two points": 0.08,
    "corner": 0.06,
    "corners": 0.3,
    "name": 0.06,
    "see": 0.06,
    "tissue": 0.04,
    "pattern": 0.04,
    "repeat": 0.06,
}
"""How often each kind of lesson is given."""
PER_FRAME = 4
"""Lessons about one frame."""


@dataclass(frozen=True)
class Lesson:
    """One question about a scene, with its answer."""

    kind: str
    scene: Scene
    question: str
    answer: str


def lesson(seed: int, index: int) -> Lesson:
    """The lesson of this number."""
    shown = _any_scene(np.random.default_rng([seed, index // PER_FRAME]))
    random = np.random.default_rng([seed, index, 1])
    kind = str(random.choice(list(SHARES), p=list(SHARES.values())))
    question, answer = _asked(kind, shown, random)
    return Lesson(kind, shown, question, answer)


def texts(seed: int, count: int) -> list[str]:
    """Questions and answers of the first lessons, for the tokenizer."""
    made = (lesson(seed, index) for index in range(count))
    return [f"{one.question}\n{one.answer}" for one in made]


def _any_scene(random: np.random.Generator) -> Scene:
    """Of one thing, of two or of four: where there is one, a place and a name are learned alone."""
    count = int(random.choice((1, 2, 4), p=(0.3, 0.2, 0.5)))
    things = [THINGS[i] for i in random.choice(len(THINGS), count, replace=False)]
    look = Look(_one_of(random, tuple(TISSUES)), _one_of(random, tuple(PATTERNS)))
    return scene(random, look, things, [bool(shaft) for shaft in random.random(count) < 0.5])


def _asked(kind: str, shown: Scene, random: np.random.Generator) -> tuple[str, str]:
    one = shown.placed[random.integers(len(shown.placed))]
    if kind == "point" or (kind == "two points" and len(shown.placed) == 1):
        return _one_of(random, POINTING).format(one.thing.words), pointed(one, one.thing.words)
    if kind == "two points":
        first, second = (shown.placed[i] for i in random.permutation(len(shown.placed))[:2])
        asked = POINTING_TWICE.format(first.thing.words, second.thing.words)
        return asked, "\n".join(pointed(each, each.thing.words) for each in (first, second))
    if kind == "corner":
        return f"In which corner is the {one.thing.words}?", corner(one)
    if kind == "corners":
        several = [shown.placed[i] for i in random.permutation(len(shown.placed))]
        asked = ", ".join(each.thing.words for each in several)
        told = ", ".join(f"{each.thing.words} {corner(each)}" for each in several)
        return f"In which corner is each: {asked}?", told
    if kind == "name":
        return f"What is at the {corner(one)}?", one.thing.words
    if kind == "see":
        return "What do you see?", ", ".join(each.thing.words for each in _read(shown))
    if kind == "tissue":
        return "What colour is the tissue?", shown.look.tissue
    if kind == "pattern":
        return "What pattern does the tissue have?", shown.look.pattern
    words = " ".join(_one_of(random, _WORDS) for _ in range(random.integers(1, 4)))
    return f"Repeat: {words}", words


def pointed(one: Placed, label: str) -> str:
    """A place in the paper's form, under a label."""
    return write_point(Point(one.x, one.y, label))


def corner(one: Placed) -> str:
    """Such as ``top left``."""
    return quadrant(Point(one.x, one.y, ""))


def _read(shown: Scene) -> list[Placed]:
    """In the order in which one reads: corner by corner."""
    return sorted(shown.placed, key=lambda each: CORNERS.index(corner(each)))


def _one_of(random: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(random.integers(len(words)))]
