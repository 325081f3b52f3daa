"""TRL's SFTTrainer, on ready tensors: its head scores labelled tokens only, fused with the loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.speed.contenders import Contender, Try
from benchmarks.speed.inputs import Ready
from benchmarks.speed.model import Stack, stacked
from benchmarks.speed.timing import Measured
from benchmarks.speed.trainers import Watch, arguments, collator, numbers, run


def load(folder: Path, options: Mapping[str, Any]) -> Stack:
    """The stack in 16 bits."""
    import trl  # noqa: F401  fail before the base is read

    return stacked(folder, "bf16")


def measure(stack: Stack, ready: Ready, cut: Try, contender: Contender) -> Measured:
    """Without the preparation of a data set, as the tensors are ready."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    def make(out: str, watch: Watch) -> Any:
        given = SFTConfig(
            out,
            train_sampling_strategy="sequential",
            dataset_kwargs={"skip_prepare_dataset": True},
            **arguments(stack, cut, contender),
        )
        return SFTTrainer(
            stack.model,
            given,
            data_collator=collator(ready, contender.labels),
            train_dataset=Dataset.from_dict({"row": numbers()}),
            processing_class=stack.processor.tokenizer,
            callbacks=[watch],
        )

    return run(stack, contender, make)
