"""Answers laid beside the truth: points paired with points, and labels with labels.

``marks(predictions)`` sorts every row into one of four kinds (points, phase, step, other), reads
what the model said, and gives arrays for the statistics. A row whose truth cannot be told is listed
in ``unscorable``, never dropped. Nothing is measured here.

**Pairing.** The truth of a row may have several points, and so may the answer. Each point of the
truth takes, in order, the first point of the answer that bears its label (case and ``_`` do not
matter) and is not taken yet; the points that are then left on both sides are paired in order. A
point of the truth that stays alone is *missed*, a point of the answer that stays alone is *extra*:
it is counted and earns nothing. With one point on each side this is the comparison of the author's
script, whatever the label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from paper_repro.data.labels import CLASSES, named_in
from paper_repro.data.points import Point, read_points
from paper_repro.evaluation.predictions import Prediction

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]
PHASE, STEP = "phase_classification", "step_classification"
POINTING, OTHER = "pointing", "other"
UNREAD = -1
UNNAMED = ("", "unknown")
"""What a row's task is where nothing names it."""


@dataclass(frozen=True)
class Points:
    """One entry for each point of the truth.

    Attributes:
        rows: index of the prediction that it belongs to.
        truth, found: x and y in percent, [points, 2]; ``found`` is NaN where it is missed.
        asked, parsed: rows with points, and those of them with a point that can be read, as
            indices of predictions.
        by_label, by_order: number of pairs made by label, and by order.
        extra: number of answered points that pair with nothing.
        outside: number of paired points that lie outside the frame.
    """

    rows: Integers
    truth: Floats
    found: Floats
    asked: Integers
    parsed: Truths
    by_label: int
    by_order: int
    extra: int
    outside: int

    @property
    def missed(self) -> int:
        """Number of points of the truth that pair with nothing."""
        return len(self.rows) - self.by_label - self.by_order


@dataclass(frozen=True)
class Classes:
    """One entry for each row of a task with a closed list of labels.

    Attributes:
        rows: index of the prediction.
        truth, found: index of the label; ``found`` is -1 where the answer names no label, or two.
    """

    task: str
    labels: tuple[str, ...]
    rows: Integers
    truth: Integers
    found: Integers


@dataclass(frozen=True)
class Marks:
    """All rows, sorted by what is asked.

    Attributes:
        others: rows that ask for something else, and whether the answer is the truth's own words.
        unscorable: row number and reason of each row whose truth cannot be told.
    """

    points: Points
    classes: dict[str, Classes]
    others: Integers
    others_right: Truths
    unscorable: list[tuple[int, str]] = field(default_factory=list)


def marks(predictions: Sequence[Prediction]) -> Marks:
    """Sort, read and pair."""
    kinds = [kind_of(one) for one in predictions]
    unscorable: list[tuple[int, str]] = []
    kept: dict[str, list[int]] = {POINTING: [], PHASE: [], STEP: [], OTHER: []}
    for index, (one, kind) in enumerate(zip(predictions, kinds, strict=True)):
        if reason := _untold(one, kind):
            unscorable.append((one.row, reason))
        else:
            kept[kind].append(index)
    others = [predictions[index] for index in kept[OTHER]]
    return Marks(
        points=_points(predictions, kept[POINTING]),
        classes={
            task: _classes(predictions, kept[task], task) for task in CLASSES if kept.get(task)
        },
        others=np.array(kept[OTHER], dtype=np.int64),
        others_right=np.array([_same(one.prediction, one.answer) for one in others], dtype=bool),
        unscorable=unscorable,
    )


def kind_of(one: Prediction) -> str:
    """What a row asks for: by its task where it names one, else by what its truth holds."""
    if one.task in CLASSES:
        return one.task
    if read_points(one.answer) or one.task.endswith(POINTING):
        return POINTING
    if one.task not in UNNAMED:
        return OTHER
    # steps first: "sellar floor removal" is a step whose words hold a phase
    named = (task for task in (STEP, PHASE) if len(named_in(one.answer, CLASSES[task])) == 1)
    return next(named, OTHER)


def _untold(one: Prediction, kind: str) -> str:
    if kind == POINTING and not read_points(one.answer):
        return f"the task is {one.task}, and the truth has no point"
    if kind in CLASSES:
        named = named_in(one.answer, CLASSES[kind])
        if len(named) != 1:
            return f"the task is {kind}, and the truth names {len(named)} of its labels"
    return ""


def _classes(predictions: Sequence[Prediction], rows: list[int], task: str) -> Classes:
    labels = tuple(CLASSES[task])

    def index(text: str) -> int:
        named = named_in(text, labels)
        return labels.index(named[0]) if len(named) == 1 else UNREAD

    return Classes(
        task=task,
        labels=labels,
        rows=np.array(rows, dtype=np.int64),
        truth=np.array([index(predictions[row].answer) for row in rows], dtype=np.int64),
        found=np.array([index(predictions[row].prediction) for row in rows], dtype=np.int64),
    )


def _points(predictions: Sequence[Prediction], rows: list[int]) -> Points:
    owner: list[int] = []
    pairs: list[tuple[Point, Point | None]] = []
    parsed, by_label, extra = [], 0, 0
    for row in rows:
        truth, found = read_points(predictions[row].answer), finite(predictions[row].prediction)
        made, labelled = pair(truth, found)
        owner += [row] * len(truth)
        pairs += zip(truth, made, strict=True)
        parsed.append(bool(found))
        by_label += labelled
        extra += max(0, len(found) - len(truth))
    both = [found for _, found in pairs if found is not None]
    return Points(
        rows=np.array(owner, dtype=np.int64),
        truth=np.array([(p.x, p.y) for p, _ in pairs], dtype=np.float64).reshape(-1, 2),
        found=np.array([_place(p) for _, p in pairs], dtype=np.float64).reshape(-1, 2),
        asked=np.array(rows, dtype=np.int64),
        parsed=np.array(parsed, dtype=bool),
        by_label=by_label,
        by_order=len(both) - by_label,
        extra=extra,
        outside=sum(not point.in_frame for point in both),
    )


def pair(truth: Sequence[Point], found: Sequence[Point]) -> tuple[tuple[Point | None, ...], int]:
    """For each point of the truth the answered one, or None; and how many pairs labels made."""
    free = list(found)
    made: list[Point | None] = [None] * len(truth)
    for place, point in enumerate(truth):
        named = next((one for one in free if _same(one.label, point.label)), None)
        if named is not None:
            made[place] = named
            free.remove(named)
    labelled = sum(one is not None for one in made)
    for place, one in enumerate(made):
        if one is None and free:
            made[place] = free.pop(0)
    return tuple(made), labelled


def finite(text: str) -> tuple[Point, ...]:
    """The points of an answer; one whose digits are too many for a number is none."""
    return tuple(point for point in read_points(text) if isfinite(point.x) and isfinite(point.y))


def _place(point: Point | None) -> tuple[float, float]:
    return (np.nan, np.nan) if point is None else (point.x, point.y)


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
