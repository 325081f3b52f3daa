"""What the frozen vision tower gives for every frame, computed once and kept.

``keep(examples, model)`` runs the tower on each distinct frame and returns examples whose
micro-batches carry the outputs in place of pixels. The tower has no dropout and its weights do not
change, so the numbers are the tower's own; only the number of frames in one product differs, and
with it the rounding (1e-6 of the largest output in float32). Rows that share a frame share its
outputs. Not for a run that trains the tower, nor one that alters frames.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.data.survey import pixels_digest
from paper_repro.engine import FEATURES
from paper_repro.engine.model import tower_is_frozen, unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.training.examples import Examples, image_tokens, pixels

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

Telling = Callable[[str, int, int], None]
"""Told what is going on, how many are done, and of how many."""


@dataclass(frozen=True)
class Features:
    """Outputs of the tower, each distinct frame's once.

    Attributes:
        outputs: [all image tokens, width], in the model's type, in the host's memory or a file.
        grids: [distinct frames, 3]: time, height and width in patches.
        starts: where each distinct frame's tokens begin in ``outputs``, and where the last end.
        frames: for every row the numbers of its distinct frames.
    """

    outputs: Tensor
    grids: Tensor
    starts: tuple[int, ...]
    frames: tuple[tuple[int, ...], ...]

    def of(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """``features`` of [image tokens, width] and ``image_grid_thw`` of [pictures, 3]."""
        import torch

        wanted = [frame for row in rows for frame in self.frames[row]]
        pieces = [self.outputs[self.starts[f] : self.starts[f + 1]] for f in wanted]
        return {FEATURES: torch.cat(pieces), "image_grid_thw": self.grids[wanted]}

    @property
    def bytes(self) -> int:
        """Of the outputs."""
        return self.outputs.nbytes


def keep(
    examples: Examples,
    model: nn.Module,
    file: Path | None = None,
    at_once: int = 8,
    telling: Telling = lambda _what, _done, _of: None,
) -> Examples:
    """Examples with the tower's outputs.

    Args:
        model: bare or wrapped; nothing about it changes.
        file: where to hold the outputs; None: in the host's memory. At full size a frame of 224²
            takes 0.2 MB, read through the page cache. The file has no name from the start, so
            that its room is free again when the process ends, however it ends.
        at_once: frames in one pass through the tower; more take more memory.
        telling: told what is going on, how many are done, and of how many.

    Raises:
        ValueError: the tower is trained.
        OSError: the disk has no room for the file.
    """
    import torch

    whole = unwrapped(model)
    if not tower_is_frozen(whole):
        raise ValueError("expected a frozen vision tower, got one that is trained")
    distinct, frames = _distinct(examples, telling)
    sizes = [_image(examples, place).size for place in distinct]
    starts = [0]
    for width, height in sizes:
        starts.append(starts[-1] + image_tokens(examples.processor, width, height))
    weight = whole.get_input_embeddings().weight
    outputs = _room((starts[-1], weight.shape[1]), whole.model.visual.dtype, file)
    grids = torch.empty((len(distinct), 3), dtype=torch.long)
    for chosen in _groups(len(distinct), at_once):
        made = pixels(examples.processor, [_image(examples, distinct[i]) for i in chosen])
        on_device = {name: tensor.to(weight.device) for name, tensor in made.items()}
        with torch.no_grad():
            found = tower_outputs(whole, on_device["pixel_values"], on_device["image_grid_thw"])
        outputs[starts[chosen[0]] : starts[chosen[-1] + 1]] = found.to(outputs)
        grids[chosen[0] : chosen[-1] + 1] = made["image_grid_thw"]
        telling("running the frozen tower on each frame", chosen[-1] + 1, len(distinct))
    return replace(examples, features=Features(outputs, grids, tuple(starts), frames))


def _distinct(
    examples: Examples, telling: Telling
) -> tuple[list[tuple[int, int]], tuple[tuple[int, ...], ...]]:
    """Row and place of each distinct frame, and every row's frames by their number."""
    numbers: dict[str, int] = {}
    places: list[tuple[int, int]] = []
    frames: list[tuple[int, ...]] = []
    for index in range(len(examples)):
        own = []
        for place, frame in enumerate(examples.rows[index].frames):
            digest = pixels_digest(frame)
            if digest not in numbers:
                numbers[digest] = len(numbers)
                places.append((index, place))
            own.append(numbers[digest])
        frames.append(tuple(own))
        telling("looking for equal frames", index + 1, len(examples))
    return places, tuple(frames)


def _image(examples: Examples, place: tuple[int, int]) -> Image:
    row, frame = place
    return examples.rows[row].frames[frame]


def _groups(count: int, size: int) -> Iterator[range]:
    yield from (range(start, min(start + size, count)) for start in range(0, count, size))


def _room(shape: tuple[int, int], dtype: Any, file: Path | None) -> Tensor:
    import torch

    if file is None:
        return torch.empty(shape, dtype=dtype)
    size = shape[0] * shape[1]
    try:
        with file.open("wb") as opened:  # a full disk is an error here, and a signal later
            os.posix_fallocate(opened.fileno(), 0, size * dtype.itemsize)
        flat = torch.from_file(str(file), shared=True, size=size, dtype=dtype)
    finally:
        file.unlink(missing_ok=True)
    return flat.view(shape)
