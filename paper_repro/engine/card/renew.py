"""Copies of the trained adapters where the products read them, renewed by one launch.

After an update every A and every s·B is rounded into its block: a few hundred small copies, each of
which would take longer to launch than to make.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

SPAN = 1024
"""Numbers that one program copies."""


class Copy(NamedTuple):
    """``target`` becomes ``source`` × ``scale``: [rows, columns], the source without room between
    its rows."""

    source: Tensor
    target: Tensor
    scale: float


@dataclass(frozen=True)
class Renewal:
    """Copies as addresses; the tensors must stay where they are.

    Attributes:
        copies: they, so that they stay alive.
        addresses: of sources and targets, [2, copies], int64.
        sizes: numbers, columns and the targets' distances of rows, [3, copies], int32.
        scales: [copies], float32.
    """

    copies: tuple[Copy, ...]
    addresses: Tensor
    sizes: Tensor
    scales: Tensor

    def __call__(self) -> None:
        """Make all copies, in the order of the current stream."""
        longest = max(copy.source.numel() for copy in self.copies)
        first = self.copies[0]
        _renew[(len(self.copies), triton.cdiv(longest, SPAN))](
            self.addresses, self.sizes, self.scales, len(self.copies),
            _kind(first.source), _kind(first.target), SPAN,
        )  # fmt: skip


def renewal(copies: Iterable[Copy]) -> Renewal | None:
    """None where there is nothing to copy, or where types differ."""
    made = tuple(copies)
    if len({(copy.source.dtype, copy.target.dtype) for copy in made}) != 1:
        return None
    device = made[0].target.device
    addresses = [[c.source.data_ptr() for c in made], [c.target.data_ptr() for c in made]]
    sizes = [
        [copy.source.numel() for copy in made],
        [copy.source.shape[1] for copy in made],
        [copy.target.stride(0) for copy in made],
    ]
    return Renewal(
        made,
        torch.tensor(addresses, dtype=torch.int64, device=device),
        torch.tensor(sizes, dtype=torch.int32, device=device),
        torch.tensor([copy.scale for copy in made], dtype=torch.float32, device=device),
    )


def _kind(tensor: Tensor) -> tl.dtype:
    names = {torch.float32: tl.float32, torch.bfloat16: tl.bfloat16, torch.float16: tl.float16}
    return names[tensor.dtype]


@triton.jit
def _renew(
    addresses, sizes, scales, count, SOURCE: tl.constexpr, TARGET: tl.constexpr, SPAN: tl.constexpr
):
    which = tl.program_id(0)
    place = tl.program_id(1) * SPAN + tl.arange(0, SPAN)
    inside = place < tl.load(sizes + which)
    columns, apart = tl.load(sizes + count + which), tl.load(sizes + 2 * count + which)
    source = tl.load(addresses + which).to(tl.pointer_type(SOURCE))
    target = tl.load(addresses + count + which).to(tl.pointer_type(TARGET))
    values = tl.load(source + place, inside, 0.0).to(tl.float32) * tl.load(scales + which)
    to = target + (place // columns) * apart + place % columns
    tl.store(to, values.to(TARGET), inside)
