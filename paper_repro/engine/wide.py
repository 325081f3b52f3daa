"""Linear layers that read the same input, with all adapters on them, as one product.

A layer with adapters gives ``x Wᵀ + b + Σ s (x Aᵀ) Bᵀ``. All of them stand in one block, with s·B
to the right of W and A below it::

    W  sB
    A   0

The upper rows are ``weight`` and the lower left is ``down``: ``[x | x downᵀ] weightᵀ + b`` is one
narrow product and one wide one, however many adapters stand on however many layers, and backward
it is one wide product along either side of the block. Nothing is merged: W keeps its numbers, and
the adapters' part is added before the sum is rounded.

The block holds copies of the adapters in the type of the products, which :meth:`Wide.refresh`
renews after an update. Gradients go to the adapters' own parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.autograd import Function
from torch.nn.functional import linear, pad

from paper_repro.engine.dropout import left, masks

if TYPE_CHECKING:
    from torch import Tensor


class Piece(NamedTuple):
    """Where one adapter on one of the layers stands.

    Attributes:
        ranks: its rows of ``down``, first and behind the last.
        outputs: its layer's rows of ``weight``.
        scale: s = lora_alpha / r.
        dropout: share of its inputs that it does not see.
        trained: whether its A and B are trained.
    """

    ranks: tuple[int, int]
    outputs: tuple[int, int]
    scale: float
    dropout: float
    trained: bool


class Wide(NamedTuple):
    """Layers as one.

    Attributes:
        block: [outputs + ranks, inputs + ranks].
        bias: [outputs], or None.
        numbers, least: of the pieces, for dropout: [pieces], int32.
        kept: by how much what is left after dropout is scaled up, [ranks].
        pieces: what stands where, the trained ones last.
        adapters: A and B of every piece.
        as_one: whether adapters are part of the wide product, or computed one by one.
    """

    block: Tensor
    bias: Tensor | None
    numbers: Tensor
    least: Tensor
    kept: Tensor
    pieces: tuple[Piece, ...]
    adapters: tuple[tuple[Tensor, Tensor], ...]
    as_one: bool = True

    @property
    def weight(self) -> Tensor:
        """W and s·B, [outputs, inputs + ranks]."""
        return self.block[: self.block.shape[0] - len(self.kept)]

    @property
    def down(self) -> Tensor:
        """All A, [ranks, inputs]."""
        outputs, inputs = (size - len(self.kept) for size in self.block.shape)
        return self.block[outputs:, :inputs]

    def __call__(self, x: Tensor, tokens: Tensor | None) -> Tensor:
        """[tokens, inputs] → [tokens, outputs].

        Args:
            tokens: the numbers that dropout is drawn from, [tokens], int32; None: no dropout.
        """
        if not self.pieces:
            return linear(x, self.block, self.bias)
        stay = None
        if tokens is not None and any(piece.dropout for piece in self.pieces):
            stay = masks(tokens, self.numbers, self.least, x.shape[1])
        if not self.as_one:
            return self._one_by_one(x.to(self.block.dtype), stay)
        pairs = zip(self.pieces, self.adapters, strict=True)
        trained = [tensor for piece, pair in pairs if piece.trained for tensor in pair]
        made: Tensor = _Product.apply(  # type: ignore[no-untyped-call]
            x.to(self.block.dtype),
            self.block,
            self.bias,
            stay,
            self.kept,
            self.pieces,
            *trained,
        )
        return made

    def _one_by_one(self, x: Tensor, stay: Tensor | None) -> Tensor:
        made = linear(x, self.weight[:, : x.shape[1]], self.bias)
        for place, (piece, (a, b)) in enumerate(zip(self.pieces, self.adapters, strict=True)):
            seen = x if stay is None else left(x, stay[place])
            scale = piece.scale if stay is None else piece.scale / (1 - piece.dropout)
            own = linear(linear(seen, a.to(x.dtype)), b.to(x.dtype)) * scale
            first, last = piece.outputs
            made = made + pad(own, (first, made.shape[1] - last))
        return made

    def refresh(self, everything: bool = False) -> None:
        """Copy the trained adapters, or all of them, to where the product reads them."""
        for source, target, scale in self.copies(everything):
            target.copy_(source if scale == 1 else source * scale)

    def copies(self, everything: bool = False) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Which tensor goes where, and times what."""
        weight, down = self.weight, self.down
        for piece, (a, b) in zip(self.pieces, self.adapters, strict=True):
            if piece.trained or everything:
                first, last = (rank + down.shape[1] for rank in piece.ranks)
                yield a, down[slice(*piece.ranks)], 1.0
                yield b, weight[slice(*piece.outputs), first:last], piece.scale


class _Product(Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        block: Tensor,
        bias: Tensor | None,
        stay: Tensor | None,
        kept: Tensor,
        pieces: tuple[Piece, ...],
        *trained: Tensor,
    ) -> Tensor:
        outputs, inputs = block.shape[0] - len(kept), x.shape[1]
        low = _low(x, block[outputs:, :inputs], stay, kept, pieces)
        joined = torch.cat([x, low], dim=1)
        ctx.pieces, ctx.inputs = pieces, inputs
        ctx.save_for_backward(joined if trained else None, block, stay, kept)
        return linear(joined, block[:outputs], bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        joined, block, stay, kept = ctx.saved_tensors
        x_grad: Tensor | None = None
        if not ctx.needs_input_grad[0]:  # before the first layer nothing is trained
            low_grad = grad @ block[: grad.shape[1], ctx.inputs :]
            low_grad = low_grad if stay is None else low_grad * kept
        elif stay is None and grad.shape[1] < ctx.inputs:
            x_grad, low_grad = _narrow_first(grad, block, ctx.inputs)
        else:
            x_grad, low_grad = _wide_first(grad, block, ctx.inputs, stay, kept, ctx.pieces)
        found: list[Tensor] = []
        if joined is not None:
            x, low = joined[:, : ctx.inputs], joined[:, ctx.inputs :]
            found = _of_trained(grad, low_grad, x, low, stay, ctx.pieces)
        return (x_grad, None, None, None, None, None, *found)


def _narrow_first(grad: Tensor, block: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    """Gradients of x and of what is ``low``: along the block's rows, fewer than its columns."""
    outputs = grad.shape[1]
    low_grad = grad @ block[:outputs, inputs:]
    return torch.cat([grad, low_grad], dim=1) @ block[:, :inputs], low_grad


def _wide_first(
    grad: Tensor,
    block: Tensor,
    inputs: int,
    stay: Tensor | None,
    kept: Tensor,
    pieces: tuple[Piece, ...],
) -> tuple[Tensor, Tensor]:
    """The same along its columns."""
    outputs = grad.shape[1]
    down = block[outputs:, :inputs]
    both = grad @ block[:outputs]
    x_grad, low_grad = both[:, :inputs], both[:, inputs:]
    if stay is None:
        return x_grad + low_grad @ down, low_grad
    low_grad = low_grad * kept
    for piece, own in zip(pieces, stay, strict=True):
        ranks = slice(*piece.ranks)
        x_grad = x_grad + left(low_grad[:, ranks] @ down[ranks], own)
    return x_grad, low_grad


def _low(
    x: Tensor, down: Tensor, stay: Tensor | None, kept: Tensor, pieces: tuple[Piece, ...]
) -> Tensor:
    """``x downᵀ``, [tokens, ranks]."""
    if stay is None:
        return linear(x, down)
    parts = [
        linear(left(x, own), down[slice(*piece.ranks)])
        for piece, own in zip(pieces, stay, strict=True)
    ]
    return torch.cat(parts, dim=1) * kept


def _of_trained(
    grad: Tensor,
    low_grad: Tensor,
    x: Tensor,
    low: Tensor,
    stay: Tensor | None,
    pieces: tuple[Piece, ...],
) -> list[Tensor]:
    """Gradients of A, B, A, B …, in float32; those of all layers in one product each."""
    first = next(piece.ranks[0] for piece in pieces if piece.trained)
    ups = grad.T @ low[:, first:]
    downs = _downs(low_grad, x, stay, pieces, first)
    found: list[Tensor] = []
    for piece in pieces:
        if piece.trained:
            ranks = slice(piece.ranks[0] - first, piece.ranks[1] - first)
            up = ups[slice(*piece.outputs), ranks]
            found += [downs[ranks].float(), up.float() * piece.scale]
    return found


def _downs(
    low_grad: Tensor, x: Tensor, stay: Tensor | None, pieces: tuple[Piece, ...], first: int
) -> Tensor:
    """Gradients of the trained A, one below the other."""
    if stay is None:
        return low_grad[:, first:].T @ x
    parts = [
        low_grad[:, slice(*piece.ranks)].T @ left(x, own)
        for piece, own in zip(pieces, stay, strict=True)
        if piece.trained
    ]
    return torch.cat(parts)
