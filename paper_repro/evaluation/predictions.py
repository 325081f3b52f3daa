"""What a model answered to each row, in memory and as JSON lines.

:mod:`reading` reads such files from anywhere. No model and no torch is needed for either.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from paper_repro.data.rows import Row

DRAWN = "drawn"
"""What ``frames`` says of frames that were drawn by the package."""


@dataclass(frozen=True)
class Prediction:
    """One row's answer.

    Attributes:
        row: its number in its split, counted from 0.
        video: the video that it comes from, where the row names it.
        answer: the row's own.
        prediction: the model's.
        frames: ``drawn`` if the frames were drawn by the package; else empty.
    """

    row: int
    split: str
    task: str
    video: str | None
    question: str
    answer: str
    prediction: str
    frames: str = ""


def unanswered(row: Row) -> Prediction:
    """What is known of a row before a model is asked."""
    return Prediction(
        row=row.number,
        split=row.split,
        task=row.task,
        video=row.video,
        question=row.question,
        answer=row.answer,
        prediction="",
    )


def write_predictions(predictions: Iterable[Prediction], path: Path) -> None:
    """Write them as JSON lines, whole or not at all."""
    place(path, "".join(_lines(predictions)).encode())


def _lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    for one in predictions:
        said = {name: value for name, value in asdict(one).items() if value not in ("", None)}
        said |= {"answer": one.answer, "prediction": one.prediction}
        yield json.dumps(said, ensure_ascii=False) + "\n"


def place(path: Path, content: bytes) -> None:
    """Write a file into a neighbour first, then move it into place; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
