"""What the benchmark at full size trains on: a 2B model of random weights, Level 1, drawn rows.

``write_models`` makes the weights on a device and writes them in the hub's layout; ``write_rows``
writes rows in the paper's format as JSON lines with picture files. Nothing is downloaded.
"""

from __future__ import annotations

import json
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from paper_repro.counting.bases import BUILT_IN, read_config
from paper_repro.data.source import load_rows
from paper_repro.miniature.rows import raw_rows
from paper_repro.quiet import captured
from paper_repro.training.base import MINIATURE

NAME = "Qwen/Qwen2-VL-2B-Instruct"
HELD_OUT = 16
SPECIAL = {
    "<|endoftext|>": 151643,
    "<|im_start|>": 151644,
    "<|im_end|>": 151645,
    "<|vision_start|>": 151652,
    "<|vision_end|>": 151653,
    "<|image_pad|>": 151655,
    "<|video_pad|>": 151656,
}
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
"""What the base's own template begins every conversation with."""


def processor() -> Any:
    """The miniature's tokenizer with the special tokens where the 2B model has them."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    from paper_repro.data.processor import build_processor
    from paper_repro.miniature.config import TEMPLATE
    from paper_repro.miniature.config import processor as small

    made = json.loads(small().tokenizer.backend_tokenizer.to_str())
    words = [word for word in made["model"]["vocab"] if word not in SPECIAL]
    taken = dict(zip(SPECIAL.values(), SPECIAL, strict=True))
    filled = (taken.get(place, f"<unused {place}>") for place in range(len(words), max(taken) + 1))
    made["model"]["vocab"] = {word: place for place, word in enumerate([*words, *filled])}
    made["added_tokens"] = [
        token | {"id": SPECIAL[token["content"]]} for token in made["added_tokens"]
    ]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(made)),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    sizes = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 16384}
    return build_processor(tokenizer, Qwen2VLImageProcessorPil(size=sizes), SYSTEM + TEMPLATE)


def write_models(folder: Path, device: str, tiny: bool) -> None:
    """``base``, in shards, and ``level1/adapter``: random weights, made on the device."""
    import torch

    from paper_repro.counting.build import build_model
    from paper_repro.miniature.config import fresh_base
    from paper_repro.study import load_study
    from paper_repro.training.levels import adapter_tensors, put_on
    from paper_repro.training.saving import save_adapters

    torch.manual_seed(0)
    if tiny:
        model, own = fresh_base(0, device)
    else:
        model, own = build_model(read_config(BUILT_IN[NAME]), device, "bfloat16"), processor()
    with captured():
        model.save_pretrained(folder / "base", max_shard_size="4MB" if tiny else "2GB")
        own.save_pretrained(folder / "base")
    unified = next(adapter for adapter in load_study().adapters if adapter.id == "unified")
    levels = put_on(model, "single", [unified])
    with torch.no_grad():
        for name, tensor in adapter_tensors(levels.model).items():
            if "lora_B" in name:
                tensor.normal_(std=1e-3)
    save_adapters(levels, folder / "level1", MINIATURE if tiny else NAME)


def write_rows(folder: Path, count: int, side: int) -> None:
    """JSON lines and picture files: drawn frames, enlarged, and the questions about them."""
    from PIL import Image

    (folder / "frames").mkdir(parents=True)
    for split, rows in (("train", count), ("validation", HELD_OUT)):
        lines = []
        for number, row in enumerate(islice(raw_rows(2, 0, split), rows)):
            name = f"frames/{split}-{number:05d}.png"
            with Image.open(BytesIO(row["image"]["bytes"])) as drawn:
                drawn.resize((side, side)).save(folder / name)
            lines.append(json.dumps(row | {"image": name}) + "\n")
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")


def count_tokens(folder: Path) -> dict[str, float]:
    """Of the rows: the mean and the longest, picture tokens included."""
    from paper_repro.data.problems import check, usable_rows
    from paper_repro.data.processor import load_processor
    from paper_repro.training.examples import encode

    splits = load_rows(folder / "data")
    rows = usable_rows(splits, check(splits), "train")
    lengths = [len(row.ids) for row in encode(rows, load_processor(folder / "base")).tokens]
    return {"mean": sum(lengths) / len(lengths), "longest": max(lengths)}
