"""Rotary positions of a micro-batch's tokens, without a loop over rows.

What transformers computes row by row and picture by picture, which on a card is a launch for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def positions(image: Tensor, mask: Tensor, grid: Tensor, merge: int) -> Tensor:
    """Time, height and width of every token.

    A word stands one after the token before it in all three. A picture's tokens stand at their
    place in the picture, all counted from where it begins; what follows stands as far behind as
    the picture is long on its longer side. Padding stands at 0.

    Args:
        image: [rows, tokens], true at image tokens; text stands between any two pictures.
        mask: [rows, tokens], 1 or 0 at padding.
        grid: [pictures, 3]: time, height and width in patches, in the order of the rows.
        merge: patches that become one token, a side.

    Returns:
        [3, rows, tokens].
    """
    import torch

    times, heights, widths = grid[:, 0], grid[:, 1] // merge, grid[:, 2] // merge
    lengths = times * heights * widths
    picture = torch.repeat_interleave(lengths, output_size=int(image.sum()))
    place = torch.arange(len(picture), device=grid.device) - (lengths.cumsum(0) - lengths)[picture]
    height, width = heights[picture], widths[picture]
    within = torch.stack([place // (height * width), place // width % height, place % width])
    step = mask.long().clone()
    step[image] = torch.where(place + 1 == lengths[picture], torch.maximum(height, width), 0)
    found = (step.cumsum(1) - step).expand(3, *step.shape).clone()
    found[:, image] += within
    return found * mask
