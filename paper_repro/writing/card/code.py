"""How an adapter is loaded and asked, as code and a command that run."""

from __future__ import annotations

import json
import shlex

from paper_repro.training.base import base_named
from paper_repro.writing.card.trained import Trained

QUESTION = "Point to the suction device"
TYPES = {"fp32": "float32", "fp16": "float16"}
"""What a base that was held in these is loaded in; others in bfloat16."""


def loading(trained: Trained) -> str:
    """Python that puts the adapter on its base, with transformers and PEFT."""
    base, shipped = _base(trained)
    lines = [
        "from peft import PeftModel",
        "from transformers import Qwen2VLForConditionalGeneration",
    ]
    if shipped:
        lines += ["", "from paper_repro.miniature import shipped"]
    dtype = TYPES.get(trained.record.settings["precision"], "bfloat16")
    return "\n".join(
        [
            *lines,
            "",
            "base = Qwen2VLForConditionalGeneration.from_pretrained(",
            *(f"    {argument}," for argument in [*base, f'dtype="{dtype}"']),
            ")",
            f"model = PeftModel.from_pretrained(base, {_quoted(trained.adapter)})",
        ]
    )


def _base(trained: Trained) -> tuple[list[str], bool]:
    """Arguments that name the base, and whether it comes with this package."""
    named, commit = trained.record.settings["base"], trained.record.revisions["base"]
    if not named:
        return ['shipped("base") / "base"'], True
    if commit:
        return [_quoted(named), f'revision="{commit}"'], False
    return [_quoted(base_named(named))], False


def _quoted(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


def asking(trained: Trained) -> str:
    """The command that asks it about a picture."""
    size = ["--size", "full"] if trained.is_full and trained.repository else []
    words = ["predict", "frame.png", QUESTION, *size, "--adapter", trained.adapter]
    return f"python -m paper_repro {shlex.join(words)}"
