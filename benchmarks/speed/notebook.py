"""The notebook's configuration: transformers' Trainer over PEFT, as their versions are today."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.speed.contenders import EFFECTIVE, Contender, Try
from benchmarks.speed.inputs import Ready
from benchmarks.speed.model import Stack, reference, stacked
from benchmarks.speed.timing import Measured
from benchmarks.speed.trainers import Watch, arguments, collator, numbers, run


def load(folder: Path, options: Mapping[str, Any]) -> Stack:
    """The stack over a base in 4 bits; ``put_on`` prepares it as the notebook does."""
    return stacked(folder, "nf4")


def measure(stack: Stack, ready: Ready, cut: Try, contender: Contender) -> Measured:
    """With a reference of its own: a base in 4 bits has other weights."""
    from transformers import Trainer, TrainingArguments

    expected = {contender.labels: _reference(stack, ready, contender.labels)}

    def make(out: str, watch: Watch) -> Any:
        said = arguments(stack, cut, contender) | {"optim": "paged_adamw_8bit"}
        given = TrainingArguments(out, train_sampling_strategy="sequential", **said)
        collate = collator(ready, contender.labels)
        return Trainer(
            stack.model, given, collate, train_dataset=numbers(), callbacks=[watch]
        )  # fmt: skip

    return run(stack, contender, make)._replace(reference=expected)


def _reference(stack: Stack, ready: Ready, labels: str) -> dict[str, float]:
    from paper_repro.engine.engine import engine

    own = engine(stack.model.train(), stack.precision.dtype)
    return reference(own, ready, range(EFFECTIVE), labels)
