"""Dropout whose masks are a function of numbers: of token, piece and channel, nothing else.

So a mask does not depend on how an effective batch is cut, padded or packed, on which process or
device draws it, or on what was drawn before, and a resumed run needs no random state.
:func:`token_numbers` mixes seed, step, row and place into one number a token.

The mixing is a bijection of 32 bits with two multiplications, as hash tables use; not for secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

_FIRST, _SECOND, _GOLDEN = 0x7FEB352D, 0x846CA68B - (1 << 32), 0x9E3779B9 - (1 << 32)


def mixed(numbers: Tensor) -> Tensor:
    """int32 → int32, one to one, every bit of the result depending on every bit."""
    numbers = numbers ^ ((numbers >> 16) & 0xFFFF)
    numbers = numbers * _FIRST
    numbers = numbers ^ ((numbers >> 15) & 0x1FFFF)
    numbers = numbers * _SECOND
    return numbers ^ ((numbers >> 16) & 0xFFFF)


def token_numbers(seed: int, step: int, rows: Tensor, places: Tensor) -> Tensor:
    """A number for every token.

    Args:
        seed: any integer, of which 64 bits count.
        step: of the run, counted from 0.
        rows: the row of every token by its number in the data set, [tokens].
        places: the token's place in its row, [tokens].

    Returns:
        [tokens], int32.
    """
    numbers = torch.zeros_like(rows, dtype=torch.int32)
    for part in (_signed(seed), _signed(seed >> 32), step, rows.int(), places.int()):
        numbers = mixed(numbers ^ part)
    return numbers


def _signed(number: int) -> int:
    """Its low 32 bits, as int32 holds them."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def thresholds(shares: Sequence[float]) -> Tensor:
    """What :func:`masks` compares with, for shares in [0, 1) that drop out; [shares], int32."""
    return torch.tensor([int(share * (1 << 32)) - (1 << 31) for share in shares]).int()


def masks(tokens: Tensor, pieces: Tensor, least: Tensor, channels: int) -> Tensor:
    """Which values stay: [pieces, tokens, channels], bool.

    Args:
        tokens: from :func:`token_numbers`.
        pieces: numbers of what looks at the values, [pieces], int32; each has a mask of its own.
        least: of every piece, from :func:`thresholds`.
    """
    seeds = mixed(tokens ^ mixed(pieces).unsqueeze(1)).unsqueeze(2)
    drawn = seeds + torch.arange(channels, device=tokens.device, dtype=torch.int32) * _GOLDEN
    drawn ^= drawn >> 15
    drawn *= _FIRST
    drawn ^= drawn >> 16
    drawn *= _SECOND
    return drawn.ge_(least[:, None, None]).bool()  # on a CPU twice as fast as ``>=`` to bool


def left(x: Tensor, stay: Tensor) -> Tensor:
    """``x`` where it stays, else 0; not scaled up."""
    if stay.is_cuda:
        return torch.where(stay, x, x.new_zeros(()))
    return x * stay.view(torch.uint8)  # on a CPU a product takes a tenth of the time of a choice
