"""What a model answered to one row, beside what was asked and expected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """One row's answer.

    Attributes:
        row: its number in its split, counted from 0.
        video: the video that it comes from, where the row names it.
        answer: the row's own.
        prediction: the model's.
    """

    row: int
    split: str
    task: str
    video: str | None
    question: str
    answer: str
    prediction: str
