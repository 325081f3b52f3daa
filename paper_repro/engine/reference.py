"""The same training by ``transformers.Trainer`` and PEFT alone: what the engine is held against.

Rows come in the same order and adapters drop out the same values: every step must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from paper_repro.engine.dropout import left, masks, thresholds, token_numbers
from paper_repro.engine.model import unwrapped
from paper_repro.engine.weights import dropouts

Batch = Callable[[Sequence[int]], dict[str, Tensor]]
Epochs = Sequence[Sequence[int]]


class Dropout(nn.Module):
    """PEFT's dropout before one adapter, with the engine's masks."""

    def __init__(self, trainer: Reference, share: float, number: int) -> None:
        super().__init__()
        self.trainer, self.p = trainer, share
        self.number = torch.tensor([number], dtype=torch.int32)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        stay = masks(self.trainer.tokens, self.number, thresholds([self.p]), x.shape[-1])
        return left(x, stay) / (1 - self.p)


class Reference(Trainer):
    """A Trainer whose order of rows and whose dropout are the engine's.

    Args:
        batch: makes a micro-batch of rows by their numbers; they come one by one.
        epochs: the numbers of the rows in their order, for every epoch.

    After ``train()``, ``said`` holds loss, grad_norm and learning_rate of every step.
    """

    def __init__(self, model: Any, batch: Batch, epochs: Epochs, out: Path, **options: Any):
        arguments = TrainingArguments(
            str(out), per_device_train_batch_size=1, num_train_epochs=len(epochs),
            lr_scheduler_type="cosine", logging_steps=1, report_to=[], save_strategy="no",
            disable_tqdm=True, remove_unused_columns=False, **options,
        )  # fmt: skip
        self.said, self.tokens = list[dict[str, float]](), torch.empty(0)
        self.rows, self._epochs = sorted(epochs[0]), iter(epochs)
        super().__init__(model, arguments, batch, train_dataset=self.rows)
        self.model_accepts_loss_kwargs = False  # the mean over samples, as transformers 4.45 had it
        for each, name, number in dropouts(unwrapped(model)):
            if share := getattr(each[name], "p", 0.0):
                each[name] = Dropout(self, share, number)

    def compute_loss(self, model: Any, inputs: Any, *_: Any, **options: Any) -> Any:
        rows = inputs.pop("rows").expand(inputs["input_ids"].shape[1])
        places = torch.arange(len(rows), device=rows.device)
        self.tokens = token_numbers(self.args.seed, self.state.global_step, rows, places)
        return super().compute_loss(model, inputs, *_, **options)

    def log(self, logs: dict[str, float], *_: Any) -> None:
        if "grad_norm" in logs:
            self.said.append(logs)

    def _get_train_sampler(self, *_: Any) -> Any:
        epochs, rows = self._epochs, self.rows

        class Order(list[int]):
            def __iter__(self) -> Iterator[int]:
                return iter(next(epochs))

        return Order(rows)
