"""A micro-batch's loss and gradients as a CUDA graph: recorded once, then one launch.

A graph holds for one set of shapes, with its inputs and outputs at fixed places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import torch

from paper_repro.engine.packed import Packed

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[[Packed], "Tensor"]


class Replay:
    """The graph of one set of shapes.

    Other threads, such as those that load rows, may ask the card for memory meanwhile.

    Args:
        loss: of a micro-batch; run twice, then recorded with its gradients.
        trained: the tensors that gradients are wanted of.
        packed: as it is given later, for its shapes; a copy is kept.
        factor: as well.
        beside: another graph, to share its memory: they never run at once, and what they give is
            copied.
    """

    def __init__(
        self,
        loss: Loss,
        trained: Sequence[Tensor],
        packed: Packed,
        factor: Tensor,
        beside: Replay | None,
    ) -> None:
        self._inputs, self._factor = deepcopy(packed), factor.clone()
        self._trained, self._graph = trained, torch.cuda.CUDAGraph()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # whatever is made on a first use must be there before
            for _ in range(2):
                self._pass(loss)
        torch.cuda.current_stream().wait_stream(aside)
        pool = beside._graph.pool() if beside else None
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._loss, self._gradients = self._pass(loss)

    def __call__(self, packed: Packed, factor: Tensor) -> Tensor:
        """The loss; the gradients of loss × factor are added to those of the trained tensors."""
        for place, tensor in zip(tensors(self._inputs), tensors(packed), strict=True):
            place.copy_(tensor, non_blocking=True)
        self._factor.copy_(factor)
        self._graph.replay()
        before = [tensor.grad for tensor in self._trained if tensor.grad is not None]
        total = torch._foreach_add(self._gradients, before or 0.0)
        for tensor, gradient in zip(self._trained, total, strict=True):
            tensor.grad = gradient
        return self._loss.clone()

    def _pass(self, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        found = loss(self._inputs)
        gradients = torch.autograd.grad(found * self._factor, list(self._trained))
        return found.detach(), list(gradients)


def tensors(packed: Packed) -> list[Tensor]:
    """All of them, in a fixed order."""
    rows = packed.rows
    return [*(t for t in packed if isinstance(t, torch.Tensor)), rows.starts, rows.there, rows.back]
