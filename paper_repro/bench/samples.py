"""Samples that nobody labelled: random frames and random tokens, in the run's sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_repro.hardware.estimate import ANSWER

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

IGNORED = -100
LONGER = (-6, -2, 2, 6)
"""Tokens by which one sample's text is longer than their mean, in turn: real questions differ."""
PIXELS = {"shortest_edge": 4 * 28 * 28, "longest_edge": 16384 * 28 * 28}
"""Pixels of a frame to which smaller and larger ones are resized, as Qwen2-VL's
``preprocessor_config.json`` on the hub has it."""
SPECIAL = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")


@dataclass(frozen=True)
class Samples:
    """Questions about one frame each.

    Attributes:
        text: ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of
            [samples, tokens], right-padded.
        frames: one a sample.
        process: transformers' image processor.
    """

    text: Mapping[str, Tensor]
    frames: Sequence[Image]
    process: Any

    @property
    def lengths(self) -> list[int]:
        """Tokens of each."""
        found: list[int] = self.text["attention_mask"].sum(1).tolist()
        return found

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """With pixels, labelled at the answers."""
        return self._text(rows) | self.pixels(rows)

    def sequences(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """The same labelled throughout, as the notebook's collator does it."""
        made = self.batch(rows)
        there = made["attention_mask"].bool()
        return made | {"labels": made["input_ids"].masked_fill(~there, IGNORED)}

    def pixels(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """``pixel_values`` of [patches, 1176] and ``image_grid_thw``, from the frames."""
        found: Any = self.process([self.frames[row] for row in rows], return_tensors="pt")
        return dict(found)

    def with_features(self, rows: Sequence[int], features: Tensor, grid: Tensor) -> dict[str, Any]:
        """With the tower's outputs, [image tokens, width], in place of pixels."""
        return self._text(rows) | {"features": features, "image_grid_thw": grid}

    def _text(self, rows: Sequence[int]) -> dict[str, Tensor]:
        width = max(self.lengths[row] for row in rows)
        return {name: tensor[list(rows), :width] for name, tensor in self.text.items()}


def samples(
    config: Mapping[str, Any], size: tuple[int, int], text_tokens: int, count: int
) -> Samples:
    """Drawn from fixed seeds.

    Args:
        config: of a Qwen2-VL.
        size: width and height of a frame in pixels.
        text_tokens: beside the frame's, in the mean over every four samples.
        count: how many.
    """
    import torch
    from PIL import Image

    from paper_repro.data.processor import image_processor_class

    generator = torch.Generator().manual_seed(0)
    shape = (size[1], size[0], 3)
    frames = [
        Image.fromarray(torch.randint(256, shape, generator=generator, dtype=torch.uint8).numpy())
        for _ in range(count)
    ]
    process: Any = image_processor_class()(size=PIXELS)
    grid = process(frames[:1], return_tensors="pt")["image_grid_thw"]
    merged = int(grid.prod()) // config["vision_config"].get("spatial_merge_size", 2) ** 2
    rows = [
        _row(config, merged, text_tokens + LONGER[at % len(LONGER)], generator)
        for at in range(count)
    ]
    longest = max(len(row["input_ids"]) for row in rows)
    text = {
        name: torch.stack([_padded(row[name], name, longest) for row in rows]) for name in rows[0]
    }
    return Samples(text, frames, process)


def _row(config: Mapping[str, Any], merged: int, text: int, generator: Any) -> dict[str, Tensor]:
    """The frame's placeholders between two marks, then a question, then an answer."""
    import torch

    special = [config[name] for name in SPECIAL]
    vocabulary = range(config.get("text_config", config)["vocab_size"])
    words = torch.tensor(sorted(set(vocabulary) - set(special)))
    chosen = words[torch.randint(len(words), (text - 2,), generator=generator)]
    image, _, start, end = (torch.tensor([token]) for token in special)
    ids = torch.cat([start, image.expand(merged), end, chosen])
    labels = ids.clone()
    labels[:-ANSWER] = IGNORED
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": labels,
        "mm_token_type_ids": (ids == image).int(),
    }


def _padded(tensor: Tensor, name: str, longest: int) -> Tensor:
    import torch

    fill = IGNORED if name == "labels" else 0
    return torch.nn.functional.pad(tensor, (0, longest - len(tensor)), value=fill)
