"""Causal attention of packed rows: every token looks at its own row only.

Two ways: a kernel of ours that knows where rows begin (``starts``), on cards that can run it; or
laying rows out with padding and back (``there`` and ``back``), which any device can.
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


def attend(made: Tensor, cos: Tensor, sin: Tensor, rows: Rows, heads: int, keys: int) -> Tensor:
    """Query, key and value → what every token sees, both of [tokens, channels].

    Args:
        made: query, key and value of all heads, one beside the other.
        cos: of every token's rotary angles, [tokens, 1, half a head's width].
        sin: as well.
        heads: of the query.
        keys: heads of key and of value, of which each serves as many of the query.
    """
    if not rows.there.numel():
        longest = rows.longest
        own = torch.ops.paper_repro.rows_attend(made, cos, sin, rows.starts, longest, heads, keys)
        first: Tensor = own[0]
        return first
    split = made.view(len(made), heads + 2 * keys, -1).split([heads, keys, keys], dim=1)
    query, key, value = split
    return _padded(turned(query, cos, sin), turned(key, cos, sin), value, rows).flatten(1)


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Each head's two halves turned against one another by the token's angles, in float32."""
    left, right = x.chunk(2, dim=-1)
    both = torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)
    return both.to(x.dtype)


def _padded(query: Tensor, key: Tensor, value: Tensor, rows: Rows) -> Tensor:
    """Padding stands behind its row, so that no token of the row looks at it."""

    def laid(tensor: Tensor) -> Tensor:
        return tensor[rows.there].transpose(1, 2)

    given = scaled_dot_product_attention(
        laid(query), laid(key), laid(value), is_causal=True, enable_gqa=True
    )
    return given.transpose(1, 2).flatten(0, 1)[rows.back]
