"""Rows as tokens, and micro-batches of them.

``encode(rows, processor, labels, max_length)`` reads every row once for its text and the size of
its frames; pixels are prepared only when a micro-batch is made, as those of the full data set
would take 11 GB. ``rows`` may be any sequence that reads a row on access.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from paper_repro.data.frames import shown_in
from paper_repro.data.rows import Row, conversation
from paper_repro.engine import IGNORED
from paper_repro.errors import UserError
from paper_repro.training.order import MicroBatches

if TYPE_CHECKING:
    from torch import Tensor

    from paper_repro.training.features import Features

Labels = Literal["answer", "sequence"]


@dataclass(frozen=True)
class Tokens:
    """One row's text as token numbers: the prompt with its image tokens, the answer, the rest.

    Attributes:
        ids: all of them.
        answer: where the answer stands in ``ids``, the token that ends the turn included.
    """

    ids: tuple[int, ...]
    answer: slice

    def learned(self, labels: Labels) -> slice:
        """Which tokens bear a label."""
        return self.answer if labels == "answer" else slice(0, len(self.ids))


@dataclass(frozen=True)
class Examples:
    """Rows ready to train on.

    Attributes:
        rows: for their frames.
        tokens: one for each row.
        processor: a Qwen2-VL's.
        labels: ``answer``: what the model has to write itself; ``sequence``: every token, prompt
            and image placeholders too, as the notebook's cells do.
        features: what the frozen tower gave for every frame, where that is kept.
    """

    rows: Sequence[Row]
    tokens: Sequence[Tokens]
    processor: Any
    labels: Labels
    features: Features | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def batch(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The micro-batch of some rows, right-padded.

        Returns:
            ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of
            [rows, tokens], ``rows`` of [rows], ``image_grid_thw`` of [pictures, 3], and
            ``pixel_values`` of [patches, 1176] or ``features`` of [image tokens, width].
        """
        import torch

        texts = collate([self.tokens[i] for i in indices], self.processor, self.labels)
        texts["rows"] = torch.tensor(indices)
        if self.features is not None:
            return {**texts, **self.features.of(indices)}
        frames = [frame for i in indices for frame in self.rows[i].frames]
        return {**texts, **pixels(self.processor, frames)}

    def batches(self, parts: MicroBatches) -> Collated:
        """The micro-batches of a step, each collated when it is asked for."""
        return Collated(self, parts)


@dataclass(frozen=True)
class Asked(Sequence[Tokens]):
    """Tokens of rows that are drawn and encoded when they are asked for."""

    rows: Sequence[Row]
    processor: Any
    max_length: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return _tokens(self.rows[index], self.processor, self.max_length)


@dataclass(frozen=True)
class Collated(Sequence[Mapping[str, "Tensor"]]):
    """Micro-batches that are collated on access."""

    examples: Examples
    parts: MicroBatches

    @property
    def samples(self) -> int:
        """Rows in all of them."""
        return sum(map(len, self.parts))

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        return self.examples.batch(self.parts[index])


def encode(
    rows: Sequence[Row],
    processor: Any,
    labels: Labels = "answer",
    max_length: int = 2048,
    at_once: bool = True,
) -> Examples:
    """Tokens of all rows.

    Args:
        at_once: encode and check every row now; else each when it is asked for, as endless rows
            must be.

    Raises:
        UserError: a row is longer than ``max_length`` tokens, there is no row, or ``labels`` is
            unknown.
    """
    if labels not in ("answer", "sequence"):
        raise ValueError(f"expected 'answer' or 'sequence', got {labels!r}")
    if not len(rows):
        raise UserError(
            "There is no row to train on.",
            expected="at least one row in the training split",
            got="0",
            next_command="python -m paper_repro train --help  (name other data)",
        )
    if not at_once:
        return Examples(rows, Asked(rows, processor, max_length), processor, labels)
    tokens = tuple(_tokens(row, processor, max_length) for row in rows)
    return Examples(rows, tokens, processor, labels)


def collate(tokens: Sequence[Tokens], processor: Any, labels: Labels) -> dict[str, Tensor]:
    """Texts of several rows, padded on the right: all of [rows, tokens]."""
    import torch

    width = max(len(row.ids) for row in tokens)
    ids = torch.full((len(tokens), width), processor.tokenizer.pad_token_id)
    mask = torch.zeros_like(ids)
    targets = torch.full_like(ids, IGNORED)
    for place, row in enumerate(tokens):
        length = len(row.ids)
        ids[place, :length] = torch.tensor(row.ids)
        mask[place, :length] = 1
        learned = row.learned(labels)
        targets[place, learned] = ids[place, learned]
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "labels": targets,
        "mm_token_type_ids": (ids == processor.image_token_id).int() * mask.int(),
    }


def pixels(processor: Any, frames: Sequence[Any]) -> dict[str, Tensor]:
    """``pixel_values`` of [patches, 1176], float32, and ``image_grid_thw`` of [pictures, 3].

    A frame that several rows share is prepared once.
    """
    import torch

    places: dict[int, int] = {}
    shown = [places.setdefault(id(frame), len(places)) for frame in frames]
    distinct = [frames[shown.index(place)] for place in range(len(places))]
    made = processor.image_processor(images=distinct, return_tensors="pt")
    grid = made["image_grid_thw"]
    pieces = made["pixel_values"].split(grid.prod(1).tolist())
    patches = torch.cat([pieces[place] for place in shown])
    return {"pixel_values": patches, "image_grid_thw": grid[shown]}


def image_tokens(processor: Any, width: int, height: int) -> int:
    """Tokens that a picture of so many pixels takes in the text."""
    image_processor = processor.image_processor
    patches: int = image_processor.get_number_of_image_patches(height, width)
    return patches // int(image_processor.merge_size) ** 2


def _tokens(row: Row, processor: Any, max_length: int) -> Tokens:
    """The prompt is cut off before it becomes tokens, as it is when the model is asked."""
    prompt = processor.apply_chat_template(
        conversation(row, with_answer=False), tokenize=False, add_generation_prompt=True
    )
    whole = processor.apply_chat_template(conversation(row, with_answer=True), tokenize=False)
    if not whole.startswith(prompt):
        raise UserError(
            "The base's chat template writes an answered question otherwise than an open one.",
            expected=f"a text that begins with {prompt!r}",
            got=repr(whole),
            next_command="python -m paper_repro train --help  (name another base)",
        )
    answer, end, rest = whole[len(prompt) :].rpartition(processor.tokenizer.eos_token)
    start = _ids(processor, _with_image_tokens(prompt, row, processor))
    said = _ids(processor, answer + end if end else rest)
    ids = (*start, *said, *_ids(processor, rest if end else ""))
    if len(ids) > max_length:
        raise UserError(
            f"Row {row.number} of split {row.split!r} is too long to be trained on whole.",
            expected=f"at most {max_length} tokens",
            got=f"{len(ids)}, of which {len(said)} are the answer",
            next_command=f"the same command with --max-length {len(ids)}",
        )
    return Tokens(ids, slice(len(start), len(start) + len(said)))


def _with_image_tokens(text: str, row: Row, processor: Any) -> str:
    token = processor.image_token
    first, *others = text.split(token)
    if len(others) != len(row.frames):
        raise UserError(
            f"Row {row.number} of split {row.split!r} has not one placeholder for every frame.",
            expected=f"{len(row.frames)} times {token}",
            got=str(len(others)),
            next_command="python -m paper_repro train --help  (name another base)",
        )
    counts = [image_tokens(processor, *size) for _, size in shown_in(row.frames)]
    return first + "".join(
        token * count + after for count, after in zip(counts, others, strict=True)
    )


def _ids(processor: Any, text: str) -> list[int]:
    ids: list[int] = processor.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
