"""One optimizer step: ``step(batch) -> loss``, with its whole state in plain sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paper_repro.quiet import captured

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer


@dataclass
class Training:
    """What changes while a model trains: its trainable tensors, the optimizer, steps taken."""

    model: nn.Module
    optimizer: Optimizer
    steps: int = 0

    def step(self, batch: Mapping[str, Tensor]) -> float:
        """Forward, backward, update; the loss before the update."""
        with captured():
            self.model.train()
            loss = self.model(**batch, use_cache=False).loss
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
        self.steps += 1
        return float(loss.detach())


def start(model: nn.Module, optimizer: str, learning_rate: float) -> Training:
    """Begin training every tensor whose ``requires_grad`` is set.

    Args:
        optimizer: by the name that transformers' Trainer uses: ``adamw_torch``, ``adamw_8bit``
            or ``paged_adamw_8bit``.

    Raises:
        ValueError: for any other name.
    """
    with captured():
        import bitsandbytes.optim as eight_bit
        from torch.optim import AdamW

        known = {
            "adamw_torch": AdamW,
            "adamw_8bit": eight_bit.AdamW8bit,
            "paged_adamw_8bit": eight_bit.PagedAdamW8bit,
        }
        if optimizer not in known:
            raise ValueError(f"expected one of {', '.join(known)}, got {optimizer!r}")
        tensors = [tensor for tensor in model.parameters() if tensor.requires_grad]
        return Training(model, known[optimizer](tensors, lr=learning_rate))
