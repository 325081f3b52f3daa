"""The gradient of ``silu(gate) · up`` in one pass over memory.

What torch.compile makes of it goes over it twice.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

SPAN = 1024
"""Channels of a token in one program."""


@torch.library.custom_op("paper_repro::gated_grad", mutates_args=())
def gated_grad(made: Tensor, grad: Tensor) -> Tensor:
    """[tokens, 2 × channels].

    Args:
        made: gate and up side by side, [tokens, 2 × channels]; rows may have room between them.
        grad: of the result, [tokens, channels]; as well.
    """
    tokens, channels = grad.shape
    found = made.new_empty(made.shape)
    _gated_grad[(tokens, triton.cdiv(channels, SPAN))](
        made, grad, found, channels, made.stride(0), grad.stride(0), SPAN
    )
    return found


@gated_grad.register_fake
def _(made: Tensor, grad: Tensor) -> Tensor:
    return made.new_empty(made.shape)


@triton.jit
def _gated_grad(made, grad, found, channels, made_row, grad_row, SPAN: tl.constexpr):
    token = tl.program_id(0).to(tl.int64)
    place = tl.program_id(1) * SPAN + tl.arange(0, SPAN)
    there = place < channels
    gate = tl.load(made + token * made_row + place, there).to(tl.float32)
    up = tl.load(made + token * made_row + channels + place, there).to(tl.float32)
    above = tl.load(grad + token * grad_row + place, there).to(tl.float32)
    gating = tl.sigmoid(gate)
    of_gate, of_up = above * up * gating * (1 + gate * (1 - gating)), above * gate * gating
    kind = found.dtype.element_ty
    to = found + token * 2 * channels + place
    tl.store(to, of_gate.to(kind), there)
    tl.store(to + channels, of_up.to(kind), there)
