"""What all contenders train on: models in a folder, and samples as ready tensors.

``python -m benchmarks.speed.inputs FOLDER SIZE … [--tiny]`` writes the base, both adapters (once
with dropout, once without) and for every size of frame one file of tensors.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.full_size_inputs import write_models, write_rows
from benchmarks.speed.contenders import BATCHES, EFFECTIVE
from benchmarks.speed.flops import Lora, shape_of, useful
from paper_repro.study import load_study

if TYPE_CHECKING:
    from torch import Tensor

ROWS = BATCHES * EFFECTIVE
DROPOUTS = (0.0, 0.05)
TEXT = ("input_ids", "attention_mask", "labels", "mm_token_type_ids")
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class Ready:
    """Samples of one size of frame, with as many patches each.

    Attributes:
        tensors: as ``Examples.batch`` gives them for all samples at once, ``rows`` too.
        lengths: tokens of each sample.
    """

    tensors: dict[str, Tensor]
    lengths: tuple[int, ...]

    def batch(self, rows: Sequence[int], labels: str = "answer") -> dict[str, Tensor]:
        """Samples that follow one another, right-padded to the longest of them; views where they
        can be.

        Args:
            labels: ``answer`` or ``sequence``.
        """
        first, last = rows[0], rows[-1] + 1
        width = max(self.lengths[first:last])
        made = {name: self.tensors[name][first:last, :width] for name in TEXT}
        if labels == "sequence":
            there = made["attention_mask"].bool()
            made["labels"] = made["input_ids"].masked_fill(~there, -100)
        each = {n: len(t) // len(self.lengths) for n, t in self.tensors.items() if n not in TEXT}
        return made | {n: self.tensors[n][first * k : last * k] for n, k in each.items()}

    def with_features(self, features: Tensor) -> Ready:
        """With the tower's outputs, [image tokens, width], in place of pixels."""
        kept = {name: tensor for name, tensor in self.tensors.items() if name != "pixel_values"}
        return Ready(kept | {"features": features}, self.lengths)


def parts(step: int, batch: int) -> list[range]:
    """The samples of each pass of a step, counted from 0."""
    first = step % BATCHES * EFFECTIVE
    return [range(at, at + batch) for at in range(first, first + EFFECTIVE, batch)]


def sizes_of(batch: Mapping[str, Tensor]) -> tuple[list[int], int, int]:
    """Lengths of a micro-batch's rows, and how many tokens are labelled and stand for pictures."""
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    return batch["attention_mask"].sum(1).tolist(), labelled, int(batch["mm_token_type_ids"].sum())


def pixels_of(size: str) -> tuple[int, int]:
    """Width and height of ``224x224``."""
    width, height = size.split("x")
    return int(width), int(height)


def read(folder: Path, size: str, pinned: bool) -> Ready:
    """The samples of one size of frame."""
    from safetensors.torch import load_file

    tensors = load_file(folder / f"{size}.safetensors")
    lengths = tuple(tensors["attention_mask"].sum(1).tolist())
    if pinned:
        tensors = {name: tensor.pin_memory() for name, tensor in tensors.items()}
    return Ready(tensors, lengths)


def write(folder: Path, sizes: Sequence[str], tiny: bool) -> None:
    """Whatever is not there yet."""
    import torch

    if not (folder / "adapters").exists():
        on_card = torch.cuda.is_available() and not tiny
        write_models(folder, "cuda" if on_card else "cpu", tiny)
        for dropout in DROPOUTS:
            _write_adapters(folder, folder / "adapters" / str(dropout), dropout)
    if not (folder / "data").exists():
        write_rows(folder / "data", 2 * ROWS, 224)
    for size in sizes:
        if not (folder / f"{size}.json").exists():
            _write_samples(folder, size, torch.float32 if tiny else torch.bfloat16)


def _write_samples(folder: Path, size: str, dtype: Any) -> None:
    """Every second drawn row, as two that follow one another ask about one frame."""
    from safetensors.torch import save_file

    from paper_repro.data.problems import check, usable_rows
    from paper_repro.data.processor import load_processor
    from paper_repro.data.source import load_rows
    from paper_repro.training.examples import encode

    splits = load_rows(folder / "data")
    chosen = list(usable_rows(splits, check(splits), "train"))[::2][:ROWS]
    rows = [
        replace(row, frames=tuple(frame.resize(pixels_of(size)) for frame in row.frames))
        for row in chosen
    ]
    made = encode(rows, load_processor(folder / "base")).batch(range(ROWS))
    made["pixel_values"] = made["pixel_values"].to(dtype)
    save_file({n: t.contiguous() for n, t in made.items()}, folder / f"{size}.safetensors")
    about = _about(folder, made)
    (folder / f"{size}.json").write_text(json.dumps(about), encoding="utf-8")


def _about(folder: Path, made: dict[str, Tensor]) -> dict[str, Any]:
    """Sizes of the samples, and useful operations of a step, the mean over all batches."""
    config = json.loads((folder / "base" / "config.json").read_text(encoding="utf-8"))
    lengths = made["attention_mask"].sum(1).tolist()
    answers = (made["labels"][:, 1:] != -100).sum(1).tolist()
    scored = {"answer": answers, "sequence": [length - 1 for length in lengths]}
    return {
        "samples": len(lengths),
        "patches": len(made["pixel_values"]) // len(lengths),
        "image_tokens": int(made["mm_token_type_ids"].sum()) // len(lengths),
        "tokens": sum(lengths) / len(lengths),
        "longest": max(lengths),
        "scored": {kind: sum(each) / len(each) for kind, each in scored.items()},
        "useful_flops": {
            kind: useful(shape_of(config), loras(), zip(lengths, each, strict=True)) / BATCHES
            for kind, each in scored.items()
        },
    }


def loras() -> tuple[Lora, ...]:
    """The adapters of ``stated``, bottom first."""
    study = load_study()
    *below, last = study.stack(study.variant("stated"))
    made = [Lora(adapter.r, tuple(adapter.target_modules), False) for adapter in below]
    return (*made, Lora(last.r, tuple(last.target_modules), True))


def _write_adapters(folder: Path, target: Path, dropout: float) -> None:
    """Level 1 as it was made, and a Level 2 of random numbers: the same for every contender, and
    with gradients everywhere from the first step on, which a B of zeros would not give."""
    import torch
    from safetensors.torch import load_file, save_file

    study = load_study()
    level1, level2 = study.stack(study.variant("stated"))
    made = folder / "level1" / "adapter"
    config = json.loads((made / CONFIG).read_text(encoding="utf-8"))
    generator = torch.Generator().manual_seed(1)
    upper = {}
    for name, tensor in load_file(made / WEIGHTS).items():
        if any(f".{module}." in name for module in level2.target_modules):
            rows, columns = tensor.shape
            a = "lora_A" in name
            shape = (level2.r, columns) if a else (rows, level2.r)
            spread = columns**-0.5 if a else 1e-3
            upper[name] = torch.randn(shape, generator=generator) * spread
    for adapter in (level1, level2):
        own = target / adapter.id
        own.mkdir(parents=True)
        said = {
            "r": adapter.r,
            "lora_alpha": adapter.lora_alpha,
            "target_modules": list(adapter.target_modules),
            "lora_dropout": dropout,
        }
        (own / CONFIG).write_text(json.dumps(config | said), encoding="utf-8")
    os.link(made / WEIGHTS, target / level1.id / WEIGHTS)
    save_file(upper, target / level2.id / WEIGHTS, metadata={"format": "pt"})


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sizes", nargs="+")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write(options.folder, options.sizes, options.tiny)


if __name__ == "__main__":
    main()
