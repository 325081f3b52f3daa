"""LLaMA-Factory's SFT trainer on ready tensors; its bounds on versions are switched off.

Version 0.9.5 asks for transformers up to 5.6 and TRL up to 0.24. With its check off the trainer
imports beside transformers 5.23 and TRL 0.24, and its first update is the reference's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.speed.contenders import Contender, Try
from benchmarks.speed.inputs import Ready
from benchmarks.speed.model import Stack, stacked
from benchmarks.speed.timing import Measured
from benchmarks.speed.trainers import Watch, arguments, collator, numbers, run

SOUND = "torchaudio"


def load(folder: Path, options: Mapping[str, Any]) -> Stack:
    """The stack in 16 bits."""
    os.environ["DISABLE_VERSION_CHECK"] = "1"
    _without_sound()
    import llamafactory.train.sft.trainer  # noqa: F401  fail before the base is read

    return stacked(folder, "bf16")


def _without_sound() -> None:
    """An empty torchaudio where there is none: it is imported for sounds alone, and there are
    builds of it for few builds of torch."""
    if find_spec(SOUND) is None:
        empty = ModuleType(SOUND)
        empty.__spec__ = ModuleSpec(SOUND, None)
        sys.modules[SOUND] = empty


def measure(stack: Stack, ready: Ready, cut: Try, contender: Contender) -> Measured:
    """Without its data sets and templates, as the tensors are ready, and without a processor, with
    which the mean over an effective batch would be one over passes, and not over tokens."""
    from llamafactory.hparams import FinetuningArguments, TrainingArguments
    from llamafactory.train.sft.trainer import CustomSeq2SeqTrainer

    def make(out: str, watch: Watch) -> Any:
        return CustomSeq2SeqTrainer(
            finetuning_args=FinetuningArguments(disable_shuffling=True),
            processor=None,
            model=stack.model,
            args=TrainingArguments(out, **arguments(stack, cut, contender)),
            tokenizer=stack.processor.tokenizer,
            data_collator=collator(ready, contender.labels),
            train_dataset=numbers(),
            callbacks=[watch],
        )

    return run(stack, contender, make)
