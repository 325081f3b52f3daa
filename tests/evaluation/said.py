"""Predictions made by hand, and by a seeded hand in numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paper_repro.data.points import Point, write_point
from paper_repro.evaluation.noise import CENTRES
from paper_repro.evaluation.predictions import Prediction

CURETTE = "curette"
PHASE, STEP = "phase_classification", "step_classification"


def point(x: float, y: float, label: str = CURETTE) -> str:
    return write_point(Point(x, y, label))


def one(
    answer: str,
    prediction: str,
    row: int = 0,
    task: str = "",
    video: str | None = None,
    **more: Any,
) -> Prediction:
    given = {"split": "validation", "question": "Point.", **more}
    return Prediction(
        row=row, task=task, video=video, answer=answer, prediction=prediction, **given
    )


def pointing(
    pairs: Sequence[tuple[tuple[float, float], tuple[float, float] | None]],
    videos: Sequence[str | None] | None = None,
    **more: Any,
) -> list[Prediction]:
    """A row for each pair of a true place and an answered one; None cannot be read."""
    named = videos or [None] * len(pairs)
    return [
        one(
            point(*truth),
            point(*found) if found else "It is there.",
            row,
            "pointing",
            video,
            **more,
        )
        for row, ((truth, found), video) in enumerate(zip(pairs, named, strict=True))
    ]


def phases(pairs: Sequence[tuple[str, str]], task: str = PHASE, **more: Any) -> list[Prediction]:
    """A row for each pair of a true label and an answer."""
    return [one(truth, said, row, task, **more) for row, (truth, said) in enumerate(pairs)]


def as_the_paper_draws(count: int, seed: int = 0, wrong: float = 0.1) -> list[Prediction]:
    """Points around the five centres, answered by the centre, or one time in ten by another."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        x, y = CENTRES[random.integers(5)]
        noise = random.uniform(-10, 10, 2)
        moved = CENTRES[random.integers(5)] if random.random() < wrong else (x, y)
        made.append(((x + noise[0], y + noise[1]), moved))
    return pointing(made)


def write(path: Path, lines: Iterable[Any]) -> Path:
    """JSON lines; a text is written as it is."""
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def lines(predictions: Iterable[Prediction]) -> Iterator[dict[str, Any]]:
    for each in predictions:
        yield {name: value for name, value in vars(each).items() if value is not None}
