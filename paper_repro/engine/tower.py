"""The vision tower over many frames of one size at once, without a loop over frames.

They go in as one picture of so many moments: in a Qwen2-VL every moment attends to itself alone, so
the numbers are those of single pictures, to rounding. transformers' own attention takes one frame
after another, which at a hundred small frames a pass is most of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAME = "flash_frames"
"""transformers tells where frames end to attentions with ``flash`` in their name alone."""


def tower_outputs(whole: Any, pixels: Tensor, grid: Tensor) -> Tensor:
    """What the tower gives for pictures, in the model's type.

    Args:
        whole: a Qwen2-VL.
        pixels: [patches, 1176].
        grid: [pictures, 3]: time, height and width in patches.

    Returns:
        [image tokens, width].
    """
    import torch

    if not bool((grid[:, 1:] == grid[:1, 1:]).all()):
        found = whole.model.get_image_features(pixels, grid, return_dict=True).pooler_output
        return torch.cat(tuple(found), dim=0)
    moments = torch.cat([grid[:, :1].sum(0), grid[0, 1:]]).unsqueeze(0)
    with _frames_at_once(whole.model.visual) as visual:
        one: Tensor = visual(pixels.type(visual.dtype), grid_thw=moments).pooler_output
    return one


@contextmanager
def _frames_at_once(visual: Any) -> Iterator[Any]:
    from transformers import AttentionInterface

    AttentionInterface.register(_NAME, _attention)
    before = visual.config._attn_implementation
    visual.config._attn_implementation = _NAME
    try:
        yield visual
    finally:
        visual.config._attn_implementation = before


def _attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scaling: float,
    max_length_q: int,
    **_others: Any,
) -> tuple[Tensor, None]:
    """Attention within frames of ``max_length_q`` patches; query and so on are
    [1, heads, patches, head width], what it gives is [1, patches, heads, head width]."""
    from torch.nn.functional import scaled_dot_product_attention

    def framed(tensor: Tensor) -> Tensor:
        heads, _, width = tensor.shape[1:]
        return tensor.view(heads, -1, max_length_q, width).transpose(0, 1)

    given = scaled_dot_product_attention(framed(query), framed(key), framed(value), scale=scaling)
    return given.transpose(1, 2).flatten(0, 1).unsqueeze(0), None
