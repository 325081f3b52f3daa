"""Drawn frames as rows in the paper's own format, split by video.

``drawn_splits(level)`` is what the miniature's levels train on and are measured on. A drawn video
runs through all ten steps in their order, under one light. Rows of Level 1 ask for the phase and
the step; those of Level 2 for one named thing or two. Those of Level 0 are held-out lessons.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_repro.data.points import read_points
from paper_repro.data.rows import Row
from paper_repro.data.source import Splits, load_rows
from paper_repro.miniature.frames import Placed, Scene, draw, lighting, scene
from paper_repro.miniature.lessons import (
    PHASE_QUESTION,
    POINTING,
    POINTING_TWICE,
    STEP_QUESTION,
    corner,
    lesson,
    pointed,
)
from paper_repro.miniature.things import INSTRUMENTS, NAMED, STEPS_OF, TISSUE_OF, Look

if TYPE_CHECKING:
    from datasets import DatasetDict

VIDEOS = {"train": range(60), "validation": range(60, 80)}
"""Numbers of the drawn videos of each split; none is in both."""
FRAMES_PER_STEP = 2
ASKED = (*POINTING, "Point to the {}", "Point to the {}.")
"""Questions of Level 2: the paper's, and others that people would type."""
_TIMES_PER_SECOND = 2
_HELD_OUT_LESSONS = range(10**9, 10**9 + 400)
"""Numbers of lessons that no run of Level 0 reaches."""
Raw = dict[str, Any]


def drawn_rows(level: int, seed: int = 0) -> DatasetDict:
    """The rows of one level, as a ``datasets.DatasetDict`` of ``train`` and ``validation``.

    Args:
        level: 0, whose only split is ``validation``, 1 or 2.
        seed: another seed draws other videos.
    """
    import datasets

    def made(rows: Iterator[Raw]) -> Any:
        return datasets.Dataset.from_list(list(rows), features=_features(level))

    if level == 0:
        return datasets.DatasetDict(validation=made(_lessons(seed)))
    return datasets.DatasetDict({split: made(raw_rows(level, seed, split)) for split in VIDEOS})


@lru_cache(maxsize=3)
def drawn_splits(level: int) -> Splits:
    """The same rows as a run reads them; drawn and looked over once in a process.

    Args:
        level: 0, 1 or 2, of :func:`drawn_rows`.
    """
    return load_rows(drawn_rows(level), name="drawn frames")


def raw_rows(level: int, seed: int, split: str) -> Iterator[Raw]:
    """Rows of one split of Level 1 or 2, drawn one after another, frames as PNG."""
    for video in VIDEOS[split]:
        yield from _video(level, seed, video)


class Lessons(Sequence[Row]):
    """The lessons of Level 0 as rows, each drawn when it is asked for."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return _lesson_row(self._seed, int(index))


_drawn = lru_cache(maxsize=64)(draw)


@lru_cache(maxsize=2048)
def _lesson_row(seed: int, index: int) -> Row:
    one = lesson(seed, index)
    points = read_points(one.answer)
    return Row(
        index, "train", (_drawn(one.scene),), "image", one.question, one.answer,
        one.kind, None, points, {},
    )  # fmt: skip


def _lessons(seed: int) -> Iterator[Raw]:
    for index in _HELD_OUT_LESSONS:
        one = lesson(seed, index)
        task = "pointing" if "point" in one.kind else one.kind
        yield {
            "image": _png(one.scene),
            "messages": _messages(one.question, one.answer),
            "task_type": task,
        }


def _video(level: int, seed: int, number: int) -> Iterator[Raw]:
    """Rows of one drawn video, frame by frame."""
    random = np.random.default_rng([seed, 7, number])
    light = lighting(random)
    steps = [
        (phase, step, Look(TISSUE_OF[phase], pattern))
        for phase, its_steps in STEPS_OF.items()
        for step, pattern in its_steps
    ]
    for place in range(len(steps) * FRAMES_PER_STEP):
        phase, step, look = steps[place // FRAMES_PER_STEP]
        names = [str(name) for name in random.permutation(list(NAMED))[:4]]
        shown = scene(
            random, look, [NAMED[n] for n in names], [n in INSTRUMENTS for n in names], light
        )
        frame = {
            "image": _png(shown),
            "video_id": f"drawn_{number:02d}",
            "timestamp": place / _TIMES_PER_SECOND,
            "frame_index": place,
        }
        asked = _classes(phase, step) if level == 1 else _points(random, names, shown)
        for row in asked:
            yield frame | row


def _classes(phase: str, step: str) -> Iterator[Raw]:
    for task, question, label in (
        ("phase_classification", PHASE_QUESTION, phase),
        ("step_classification", STEP_QUESTION, step),
    ):
        words = _messages(question, label.replace("_", " "))
        yield {"messages": json.dumps(words), "task_type": task}


def _points(random: np.random.Generator, names: Sequence[str], shown: Scene) -> Iterator[Raw]:
    """One question about one thing, and one about another or, one time in five, about two."""
    first, second, third = (int(place) for place in random.permutation(4)[:3])
    yield _pointing(random, names[first], shown.placed[first])
    if random.random() < 0.2:
        yield _two(names, shown, second, third)
    else:
        yield _pointing(random, names[second], shown.placed[second])


def _pointing(random: np.random.Generator, name: str, placed: Placed) -> Raw:
    question = ASKED[random.integers(len(ASKED))].format(name)
    return {
        "messages": _messages(question, pointed(placed, name)),
        "metadata": {
            "category": "instruments" if name in INSTRUMENTS else "anatomy",
            "label": name,
            "coordinates": {"x": placed.x, "y": placed.y},
            "confidence": 1.0,
            "source": "drawn",
            "quadrant": corner(placed),
        },
    }


def _two(names: Sequence[str], shown: Scene, first: int, second: int) -> Raw:
    answer = "\n".join(pointed(shown.placed[place], names[place]) for place in (first, second))
    count = sum(names[place] in INSTRUMENTS for place in (first, second))
    return {
        "messages": _messages(POINTING_TWICE.format(names[first], names[second]), answer),
        "metadata": {
            "type": "multi_point",
            "num_instruments": count,
            "num_anatomy": 2 - count,
            "source": "drawn",
        },
    }


def _messages(question: str, answer: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": f"<image>\n{question}"},
        {"role": "assistant", "content": answer},
    ]


def _png(shown: Scene) -> Raw:
    stream = BytesIO()
    draw(shown).save(stream, "PNG", compress_level=0)  # for memory; deflating takes most of it
    return {"bytes": stream.getvalue(), "path": None}


def _features(level: int) -> Any:
    """The columns of the paper's rows: Level 1's messages are JSON text, the others' are lists."""
    from datasets import Features, Image, Value

    text, number, count = Value("string"), Value("float64"), Value("int64")
    columns = {
        "image": Image(),
        "messages": text if level == 1 else [{"role": text, "content": text}],
    }
    if level > 0:
        columns |= {"video_id": text, "timestamp": number, "frame_index": count}
    if level < 2:
        return Features(columns | {"task_type": text})
    metadata = {
        **dict.fromkeys(("category", "label", "source", "quadrant", "type"), text),
        **dict.fromkeys(("num_instruments", "num_anatomy"), count),
        "coordinates": {"x": number, "y": number},
        "confidence": number,
    }
    return Features(columns | {"metadata": metadata})
