"""``silu(gate) · up`` of the MLP, whose gradient may be a kernel of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import Function
from torch.nn.functional import silu

if TYPE_CHECKING:
    from torch import Tensor


def gated(made: Tensor, kernel: bool) -> Tensor:
    """[tokens, 2 × channels], gate and up side by side → [tokens, channels].

    Args:
        kernel: whether the gradient is by :func:`paper_repro.engine.card.gated.gated_grad`.
    """
    if kernel:
        found: Tensor = _Gated.apply(made)  # type: ignore[no-untyped-call]
        return found
    gate, up = made.chunk(2, dim=1)
    return silu(gate) * up


class _Gated(Function):
    @staticmethod
    def forward(ctx: Any, made: Tensor) -> Tensor:
        ctx.save_for_backward(made)
        return gated(made, kernel=False)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        found: Tensor = torch.ops.paper_repro.gated_grad(ctx.saved_tensors[0], grad)
        return found
