"""Causal attention within packed rows of a few hundred tokens, rotary turning included.

torch's kernel for packed rows is made for long ones. Here a program takes a block of tokens of one
head. The gradient of a key or value that several heads of the query share is found for each of them
and then added up, in their order: the same bits each time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor

from paper_repro.engine.card.attention_forward import attend
from paper_repro.engine.card.attention_gradient import attend_grad, part_along


class Launch(NamedTuple):
    """Tokens that a program looks at together, and how it is launched."""

    block: int
    num_warps: int
    num_stages: int

    @property
    def how(self) -> dict[str, int]:
        """For Triton."""
        return {"num_warps": self.num_warps, "num_stages": self.num_stages}


FORWARD, BACKWARD = Launch(64, 4, 1), Launch(64, 4, 2)
"""As measured to be the fastest for rows of 140 and of 400 tokens."""
ALONG = 16
"""Tokens in a program that reads each number once."""


@torch.library.custom_op("paper_repro::rows_attend", mutates_args=())
def rows_attend(
    made: Tensor, cos: Tensor, sin: Tensor, starts: Tensor, longest: int, heads: int, keys: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Every token looks at its own row up to itself.

    Args:
        made: query, key and value of all heads, one beside the other, [tokens, channels].
        cos: of every token's rotary angles, [tokens, 1, half a head's width], float32.
        sin: as well.
        starts: where rows begin, and where the last ends, [rows + 1], int32.
        longest: tokens of the longest row, or more.
        heads: of the query.
        keys: heads of key and value.

    Returns:
        [tokens, heads × width]; query and key as turned, [tokens, (heads + keys) × width]; the
        base-2 logarithms of the sums, [heads, tokens], float32. The last two are for the gradient.
    """
    half = cos.shape[-1]
    out, qk, sums = _outputs(made, heads, keys, half)
    blocks = triton.cdiv(longest, FORWARD.block)
    attend[(blocks * (len(starts) - 1), heads)](
        made, cos, sin, starts, out, qk, sums, len(made), blocks, (2 * half) ** -0.5,
        heads, keys, half, FORWARD.block, **FORWARD.how,
    )  # fmt: skip
    return out, qk, sums


@rows_attend.register_fake
def _(
    made: Tensor, cos: Tensor, sin: Tensor, starts: Tensor, longest: int, heads: int, keys: int
) -> tuple[Tensor, Tensor, Tensor]:
    return _outputs(made, heads, keys, cos.shape[-1])


def _outputs(made: Tensor, heads: int, keys: int, half: int) -> tuple[Tensor, Tensor, Tensor]:
    tokens, width = made.shape[0], 2 * half
    out, qk = (made.new_empty(tokens, count * width) for count in (heads, heads + keys))
    return out, qk, made.new_empty(heads, tokens, dtype=torch.float32)


@torch.library.custom_op("paper_repro::rows_attend_grad", mutates_args=())
def rows_attend_grad(
    grad: Tensor, made: Tensor, cos: Tensor, sin: Tensor, starts: Tensor, out: Tensor,
    qk: Tensor, sums: Tensor, longest: int, heads: int, keys: int,
) -> Tensor:  # fmt: skip
    """The gradient of ``made``, [tokens, channels], from that of ``out``."""
    half, tokens = cos.shape[-1], len(made)
    found, parts = torch.empty_like(made), made.new_empty(tokens, 2, heads, 2 * half)
    along = torch.empty_like(sums)
    part_along[(triton.cdiv(tokens, ALONG), heads)](
        grad, out, along, tokens, grad.stride(0), heads, 2 * half, ALONG
    )
    blocks = triton.cdiv(longest, BACKWARD.block)
    attend_grad[(blocks * (len(starts) - 1), 2 * heads)](
        grad, made, qk, cos, sin, starts, along, sums, found, parts, tokens, grad.stride(0), blocks,
        (2 * half) ** -0.5, heads, keys, half, BACKWARD.block, **BACKWARD.how,
    )  # fmt: skip
    shared = found[:, heads * 2 * half :].view(tokens, 2, keys, 2 * half)
    torch.sum(parts.view(tokens, 2, keys, heads // keys, 2 * half), 3, out=shared)
    return found


@rows_attend_grad.register_fake
def _(
    grad: Tensor, made: Tensor, cos: Tensor, sin: Tensor, starts: Tensor, out: Tensor,
    qk: Tensor, sums: Tensor, longest: int, heads: int, keys: int,
) -> Tensor:  # fmt: skip
    return torch.empty_like(made)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.longest, ctx.heads, ctx.keys = inputs
    ctx.save_for_backward(*tensors, *output)


def _backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
    grad = grad if grad.stride(1) == 1 else grad.contiguous()
    found = rows_attend_grad(grad, *ctx.saved_tensors, ctx.longest, ctx.heads, ctx.keys)
    return found, None, None, None, None, None, None


rows_attend.register_autograd(_backward, setup_context=_keep)
