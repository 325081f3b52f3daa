"""Causal attention of packed rows: every token looks at its own row only.

Two ways: a kernel that knows where rows begin (``starts``), on cards that have it; or laying
rows out with padding and back (``there`` and ``back``), which any device can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention

if TYPE_CHECKING:
    from torch import Tensor


class Rows(NamedTuple):
    """Where rows stand among the tokens.

    Attributes:
        starts: where every row begins, and where the last ends, [rows + 1], int32; for the kernel
            with the row that fills up, where there is one.
        longest: tokens of the longest row, or more.
        there: for every place of the padded layout a token, [rows, longest]; empty for the kernel.
        back: every token's place in the padded layout, [tokens]; empty for the kernel.
    """

    starts: Tensor
    longest: int
    there: Tensor
    back: Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, rows: Rows) -> Tensor:
    """[tokens, heads, width] of each; the query may have a multiple of the heads."""
    if rows.there.numel():
        return _padded(query, key, value, rows)
    made: Tensor = torch.ops.aten._flash_attention_forward(
        query, key, value, rows.starts, rows.starts, rows.longest, rows.longest, 0.0, True, False
    )[0]
    return made


def _padded(query: Tensor, key: Tensor, value: Tensor, rows: Rows) -> Tensor:
    """Padding stands behind its row, so that no token of the row looks at it."""

    def laid(tensor: Tensor) -> Tensor:
        return tensor[rows.there].transpose(1, 2)

    given = scaled_dot_product_attention(
        laid(query), laid(key), laid(value), is_causal=True, enable_gqa=True
    )
    return given.transpose(1, 2).flatten(0, 1)[rows.back]
