"""What the contenders that run transformers' Trainer have in common."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from benchmarks.speed.contenders import EFFECTIVE, RATE, Contender, Try
from benchmarks.speed.inputs import ROWS, Ready
from benchmarks.speed.model import Stack
from benchmarks.speed.timing import Measured
from paper_repro.bench.clock import forget_peak, now, peak

if TYPE_CHECKING:
    from torch import Tensor

NEVER = 10**6
"""Steps between what the Trainer logs, after the first one: logging waits for the card."""


class Watch(TrainerCallback):
    """Looks at the clock after every update, and at what is logged of the first.

    Attributes:
        at: when the first update began and when every one ended, in seconds.
        first: what was logged.
    """

    def __init__(self) -> None:
        self.at: list[float] = []
        self.first: dict[str, float] = {}

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        if not self.at:
            self.at.append(now())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.at.append(now())

    def on_log(self, *_: Any, logs: Mapping[str, float] | None = None, **__: Any) -> None:
        if logs and "grad_norm" in logs and not self.first:
            self.first = {"loss": float(logs["loss"]), "norm": float(logs["grad_norm"])}


def arguments(stack: Stack, cut: Try, contender: Contender) -> dict[str, Any]:
    """Of ``TrainingArguments``: those that all have in common; fast where that is a choice."""
    on_card = stack.device == "cuda"
    return {
        "per_device_train_batch_size": cut.batch,
        "gradient_accumulation_steps": EFFECTIVE // cut.batch,
        "gradient_checkpointing": cut.checkpointing,
        "max_steps": contender.warm_up + contender.steps,
        "learning_rate": RATE,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 1.0,
        "weight_decay": 0.0,
        "optim": "adamw_torch_fused",
        "bf16": on_card,
        "tf32": on_card or None,
        "use_cpu": not on_card,
        "logging_first_step": True,
        "logging_steps": NEVER,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
    }


def collator(ready: Ready, labels: str) -> Callable[[Sequence[Any]], dict[str, Tensor]]:
    """Makes a micro-batch of the numbers of samples that follow one another."""

    def collate(numbers: Sequence[Any]) -> dict[str, Tensor]:
        rows = [n["row"] if isinstance(n, Mapping) else n for n in numbers]
        if rows != list(range(rows[0], rows[-1] + 1)):
            raise ValueError(f"expected samples in their order, got {rows}")
        made = ready.batch(rows, labels)
        return {name: tensor for name, tensor in made.items() if name != "rows"}

    return collate


def run(stack: Stack, contender: Contender, make: Callable[[str, Watch], Any]) -> Measured:
    """Train by a Trainer.

    Args:
        make: it, from a folder and a callback.
    """
    watch = Watch()
    with tempfile.TemporaryDirectory() as out:
        trainer = make(out, watch)
        forget_peak()
        trainer.train()
    took = [end - began for began, end in pairwise(watch.at)]
    warm, timed = took[: contender.warm_up], took[contender.warm_up :]
    first = watch.first
    return Measured(first["loss"], first["norm"], warm, timed, peak(), {}, {})


def numbers() -> list[int]:
    """Every sample's."""
    return list(range(ROWS))
