"""A small Qwen2-VL that gives answers: the training room's bench, taught four answers.

Text is one token a character. It looks at no frame to answer, but frames come from the real
processor and pass the real tower.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from paper_repro.data.processor import build_processor
from paper_repro.data.rows import Row, conversation
from paper_repro.quiet import captured
from paper_repro.training.bases import Bases, forked_rng
from paper_repro.training.miniature import CONFIG, SIDE, draw_frame
from paper_repro.training.record import Record, write_record

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% for part in message.content %}{% if part.type == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = (
    "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
    "<|im_start|>", "<|im_end|>", "<|endoftext|>",
)  # fmt: skip
LESSONS = (
    ("Point to the curette.", "<point x='20.5' y='71.0'>curette</point>"),
    ("Which phase of the operation is this?", "sellar"),
    (
        "Point to the suction device and the curette.",
        "<point x='84.0' y='12.5'>suction device</point> <point x='20.5' y='71.0'>curette</point>",
    ),
    ("Is it over?", "closure"),
)


@cache
def processor() -> Any:
    with captured():
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
            Qwen2VLImageProcessorPil,
        )

        letters = Tokenizer(models.WordLevel({chr(n): n for n in range(128)}, unk_token="?"))
        letters.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        letters.decoder = decoders.Fuse()
        special = [AddedToken(name, special=True, normalized=False) for name in SPECIAL]
        letters.add_special_tokens(special)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=letters, eos_token="<|im_end|>", pad_token="<|endoftext|>"
        )
        side = {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
        return build_processor(tokenizer, Qwen2VLImageProcessorPil(size=side), TEMPLATE)


def rows(count: int, seed: int = 0) -> list[Row]:
    """Questions of three lengths about frames; the answers are always the same ones."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        frame, _ = draw_frame(random)
        question, answer = LESSONS[number % len(LESSONS)]
        made.append(
            Row(number, "validation", (frame,), "image", question, answer, "any", None, (), {})
        )
    return made


@cache
def model() -> Any:
    """Taught :data:`LESSONS`."""
    import torch

    with forked_rng(), captured(), TemporaryDirectory() as folder:
        torch.manual_seed(0)
        taught = Bases(CONFIG, Path(folder)).fresh("float32")
        optimizer = torch.optim.AdamW(taught.parameters(), lr=3e-3)
        batch = _lessons()
        for _ in range(60):
            loss = taught(**batch, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(taught.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    return taught.eval()


def _lessons() -> Any:
    tool, learned = processor(), rows(4)
    texts = [tool.apply_chat_template(conversation(row, True), tokenize=False) for row in learned]
    frames = [row.image for row in learned]
    batch = tool(text=texts, images=frames, padding=True, return_tensors="pt")
    batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for labels, ids, row in zip(batch["labels"], batch["input_ids"], learned, strict=True):
        end = int((ids == tool.tokenizer.eos_token_id).nonzero()[-1])
        labels[: end - len(row.answer)] = -100
    return batch


def save_base(folder: Path) -> Path:
    """The model with its processor, as a run of Level 0 saves them."""
    with captured():
        model().save_pretrained(folder)
        processor().save_pretrained(folder)
    return folder


def save_adapter(folder: Path, base: Path, std: float = 0.02) -> Path:
    """A LoRA adapter on that base; with a small ``std`` the answers stay the learned ones."""
    with forked_rng(), captured():
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import Qwen2VLForConditionalGeneration

        torch.manual_seed(1)
        onto = Qwen2VLForConditionalGeneration.from_pretrained(base)
        config = LoraConfig(r=4, lora_alpha=4, target_modules=["q_proj", "v_proj"])
        wrapped = get_peft_model(onto, config)
        with torch.no_grad():
            for name, tensor in wrapped.named_parameters():
                if ".lora_B" in name:
                    tensor.normal_(std=std)
        wrapped.save_pretrained(folder)
    return folder


def save_rows(folder: Path, count: int, broken: Sequence[int] = (1,)) -> Path:
    """A data set in the paper's row format, with rows that have no picture."""
    with captured():
        import datasets

        made = [
            {
                "image": row.image,
                "messages": [
                    {"role": "user", "content": f"<image>\n{row.question}"},
                    {"role": "assistant", "content": row.answer},
                ],
                "video_id": f"video_{row.number % 3}",
            }
            for row in rows(count)
        ]
        for number in broken:
            made[number]["image"] = None
        features = datasets.Features(
            image=datasets.Image(),
            messages=[{"role": datasets.Value("string"), "content": datasets.Value("string")}],
            video_id=datasets.Value("string"),
        )
        split = datasets.Dataset.from_list(made, features=features)
        whole = datasets.DatasetDict(train=split.select([0]), validation=split)
        datasets.disable_progress_bars()
        whole.save_to_disk(folder)
    return folder


def save_run(folder: Path, base: Path, std: float = 0.02, **settings: Any) -> Path:
    """A run's folder: its record and its adapter."""
    save_adapter(folder / "adapter", base, std)
    write_settings(folder, size="mini", level=2, base=str(base), **settings)
    return folder


def write_settings(folder: Path, **settings: Any) -> None:
    """The record of a run with these settings."""
    write_record(Record(status="finished", settings=settings), folder)
