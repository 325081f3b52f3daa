"""A micro-batch without padding: its rows one behind the other, as one long row of tokens.

``pack(batch, …)`` takes what ``Examples.batch`` gives and drops every padding token. Sizes may be
rounded up to multiples of a unit, so that few different ones occur; what fills them up is a row
of its own that nothing looks at and nothing is learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from paper_repro.engine import IGNORED
from paper_repro.engine.attention import Rows
from paper_repro.engine.dropout import token_numbers
from paper_repro.engine.positions import positions

if TYPE_CHECKING:
    from torch import Tensor


class Packed(NamedTuple):
    """What the language model needs.

    Attributes:
        ids: [tokens].
        pictures: the tokens that stand for a picture, [picture tokens].
        features: what stands there, [picture tokens, width].
        places: rotary positions, [3, tokens].
        rows: where rows begin and end.
        scored: the tokens after which a labelled one comes, [scored].
        targets: the labelled ones, [scored].
        shares: of each in the loss, [scored], float32; 0 where nothing is learned.
        numbers: what dropout is drawn from, [tokens], int32.
        sizes: what the shapes follow from.
    """

    ids: Tensor
    pictures: Tensor
    features: Tensor
    places: Tensor
    rows: Rows
    scored: Tensor
    targets: Tensor
    shares: Tensor
    numbers: Tensor
    sizes: Sizes


class Sizes(NamedTuple):
    """Of a packed micro-batch: what its tensors' shapes follow from.

    Attributes:
        tokens, scored: as in :class:`Packed`.
        pictures: tokens that stand for one.
        rows: how many.
        longest: tokens of the longest, or more.
    """

    tokens: int
    scored: int
    pictures: int
    rows: int
    longest: int


class Layout(NamedTuple):
    """How tokens are laid out.

    Attributes:
        packing: without padding.
        labelled: whether labelled tokens alone are scored.
        kernel: whether attention is told where rows begin; else rows are laid out with padding.
        unit: of the numbers of tokens and of scored tokens.
    """

    packing: bool = True
    labelled: bool = True
    kernel: bool = False
    unit: int = 1

    def sizes(self, lengths: Sequence[int], labelled: int, pictures: int) -> Sizes:
        """Of a micro-batch of rows of some lengths, with so many labelled and picture tokens."""
        longest = max(lengths)
        tokens = sum(lengths) if self.packing else longest * len(lengths)
        scored = labelled if self.labelled else tokens
        if self.unit > 1:  # with room for a row that nothing looks at
            tokens, scored, longest = (self._fitted(n) for n in (tokens + 1, scored, longest))
        return Sizes(tokens, scored, pictures, len(lengths), longest)

    def _fitted(self, number: int) -> int:
        return -(-number // self.unit) * self.unit


def pack(
    batch: Mapping[str, Tensor],
    features: Tensor,
    merge: int,
    seed: int,
    step: int,
    layout: Layout,
) -> Packed:
    """Rows one behind the other.

    Args:
        batch: ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of
            [rows, tokens], ``image_grid_thw`` of [pictures, 3], and the rows' numbers, ``rows`` of
            [rows]; counted from 0 where it is absent.
        features: the tower's outputs, [picture tokens, width].
        merge: patches that become one picture token, a side.
        seed: of dropout.
        step: of dropout as well.
    """
    mask = batch["attention_mask"].bool()
    image = (batch["mm_token_type_ids"] == 1) & mask
    spread = positions(image, batch["attention_mask"], batch["image_grid_thw"], merge)
    if not layout.packing:
        mask = torch.ones_like(mask)
    lengths = mask.sum(1).tolist()
    row, place = mask.nonzero(as_tuple=True)
    labels = batch["labels"].roll(-1, dims=1)
    labels[:, -1] = IGNORED
    learned = labels != IGNORED
    shares = torch.where(learned, 1 / learned.sum(1, keepdim=True), 0.0)
    scored = learned if layout.labelled else mask
    named = batch["rows"][row] if "rows" in batch else row
    sizes = layout.sizes(lengths, int(learned.sum()), int(image.sum()))
    tokens = len(row)
    more, lacking = sizes.tokens - tokens, sizes.scored - int(scored.sum())
    return Packed(
        ids=_longer(batch["input_ids"][mask], more),
        pictures=image[mask].nonzero().squeeze(1),
        features=features,
        places=_longer(spread[:, mask], more),
        rows=_rows(mask, more, sizes.longest, layout.kernel),
        scored=_longer(scored[mask].nonzero().squeeze(1), lacking, tokens if more else 0),
        targets=_longer(labels[scored].clamp(min=0), lacking),
        shares=_longer(shares[scored], lacking),
        numbers=_longer(token_numbers(seed, step, named, place), more),
        sizes=sizes,
    )


def moved(packed: Packed, device: torch.device) -> Packed:
    """On another device; at once where it is pinned."""
    return mapped(packed, lambda tensor: tensor.to(device, non_blocking=True))


def mapped(packed: Packed, change: Callable[[Tensor], Tensor]) -> Packed:
    """The same with every tensor changed."""
    rows, sizes = packed.rows, packed.sizes
    parts = {n: part for n, part in packed._asdict().items() if isinstance(part, torch.Tensor)}
    there = Rows(change(rows.starts), rows.longest, change(rows.there), change(rows.back))
    return Packed(rows=there, sizes=sizes, **{n: change(part) for n, part in parts.items()})


def _longer(tensor: Tensor, by: int, value: int = 0) -> Tensor:
    return torch.nn.functional.pad(tensor, (0, by), value=value) if by else tensor


def _rows(mask: Tensor, more: int, longest: int, kernel: bool) -> Rows:
    """Layout of the rows; ``more`` tokens at the end are a row for the kernel, and laid out they
    are given what another token sees: nothing looks at them."""
    lengths = mask.sum(1)
    starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0))
    nothing = torch.empty(0, dtype=torch.long, device=mask.device)
    if kernel:
        starts = torch.cat([starts, starts[-1:] + more]) if more else starts
        return Rows(starts.int(), longest, nothing, nothing)
    offsets = torch.arange(longest, device=mask.device)
    inside = offsets < lengths.unsqueeze(1)
    there = torch.where(inside, starts[:-1].unsqueeze(1) + offsets, 0)
    back = _longer(inside.flatten().nonzero().squeeze(1), more)
    return Rows(starts.int(), longest, there, back)
