"""Qwen2-VL's language model over packed tokens: the layers, and the loss at the labelled ones.

Its weights are the model's own. Only the language model is here; pictures come as the tower's
outputs. The numbers are those of transformers and PEFT, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy, embedding, linear, rms_norm
from torch.utils.checkpoint import checkpoint

from paper_repro.engine.attention import Rows, attend
from paper_repro.engine.gated import gated
from paper_repro.engine.packed import Packed
from paper_repro.engine.wide import Wide

if TYPE_CHECKING:
    from torch import Tensor


class Layer(NamedTuple):
    """Weights of a layer: query, key and value are one product, gate and up another."""

    before: Tensor
    qkv: Wide
    o: Wide
    between: Tensor
    gate_up: Wide
    down: Wide


class Shape(NamedTuple):
    """What the weights do not say."""

    heads: int
    key_heads: int
    head_width: int
    epsilon: float
    sections: tuple[int, ...]
    """Of a head's rotary angles, how many turn by time, height and width."""
    kernel: bool = False
    """Whether the gated MLP's gradient is a kernel of ours."""


Run = Callable[..., "Tensor"]


@dataclass
class Decoder:
    """The language model.

    Attributes:
        layers: first to last.
        words: the embedding, [vocabulary, width].
        norm: before the head.
        head: [vocabulary, width]; the embedding itself where the two are tied.
        frequencies: of the rotary angles, [head width / 2].
        last_scored: whether the last layer's MLP is computed at the scored tokens only.
        checkpointing: whether layers are computed again in the backward pass.
        renew: renews all copies at once, where a card can.
    """

    layers: tuple[Layer, ...]
    words: Tensor
    norm: Tensor
    head: Tensor
    frequencies: Tensor
    shape: Shape
    last_scored: bool = True
    checkpointing: bool = False
    renew: Callable[[], None] | None = None

    def loss(self, packed: Packed, dropout: bool, compiled: bool = False) -> Tensor:
        """The sum of the scored tokens' cross entropies by their shares, in nats; a scalar."""
        run_layer, run_score = (fused(layer), fused(score)) if compiled else (layer, score)
        if self.checkpointing:
            again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)
            run_layer = partial(again, run_layer)
        x = embedding(packed.ids, self.words)
        x = x.index_copy(0, packed.pictures, packed.features.to(x.dtype))
        numbers = packed.numbers if dropout else None
        cos, sin = rotary(packed.places, self.frequencies, self.shape.sections)
        if compiled:
            of_any_size(x, cos, sin, packed)
        *others, last = self.layers
        for weights in others:
            x = run_layer(x, weights, cos, sin, packed.rows, numbers, None, self.shape)
        chosen = packed.scored if self.last_scored else None
        x = run_layer(x, last, cos, sin, packed.rows, numbers, chosen, self.shape)
        x = x if self.last_scored else x[packed.scored]
        return run_score(x, self.norm, self.head, packed.targets, packed.shares, self.shape.epsilon)

    def refresh(self) -> None:
        """After an update: renew what the products read."""
        if self.renew:
            self.renew()
            return
        with torch.no_grad():
            for wide in self.wides:
                wide.refresh()

    @property
    def wides(self) -> Iterator[Wide]:
        """All linear layers."""
        return (w for each in self.layers for w in (each.qkv, each.o, each.gate_up, each.down))


def layer(
    x: Tensor,
    weights: Layer,
    cos: Tensor,
    sin: Tensor,
    rows: Rows,
    numbers: Tensor | None,
    scored: Tensor | None,
    shape: Shape,
) -> Tensor:
    """[tokens, width] → the same, or of the scored tokens alone: attention needs all of them."""
    normed = rms_norm(x, x.shape[-1:], weights.before, shape.epsilon)
    made = weights.qkv(normed, numbers)
    mixed = attend(made, cos, sin, rows, shape.heads, shape.key_heads)
    if scored is not None:
        x, mixed = x[scored], mixed[scored]
        numbers = None if numbers is None else numbers[scored]
    x = x + weights.o(mixed, numbers)
    normed = rms_norm(x, x.shape[-1:], weights.between, shape.epsilon)
    inner = gated(weights.gate_up(normed, numbers), shape.kernel)
    return x + weights.down(inner, numbers)


def score(
    x: Tensor, norm: Tensor, head: Tensor, targets: Tensor, shares: Tensor, epsilon: float
) -> Tensor:
    """[scored, width] → the sum of the cross entropies, each by its share."""
    logits = linear(rms_norm(x, x.shape[-1:], norm, epsilon).to(head.dtype), head)
    return (cross_entropy(logits.float(), targets, reduction="none") * shares).sum()


@cache
def fused(run: Run) -> Run:
    """A function whose small operations torch.compile has fused; see :func:`of_any_size`."""
    compiled = torch.compile(run, fullgraph=True)

    def unlimited(*inputs: Any) -> Tensor:
        with torch._dynamo.config.patch(recompile_limit=1 << 16):
            made: Tensor = compiled(*inputs)
            return made

    return unlimited


def of_any_size(x: Tensor, cos: Tensor, sin: Tensor, packed: Packed) -> None:
    """Tell torch.compile which sizes change from pass to pass, so that it compiles once for all."""
    rows = packed.rows
    for tensor in (x, cos, sin, packed.numbers, packed.scored, packed.targets, packed.shares,
                   rows.starts, rows.there, rows.back):  # fmt: skip
        if tensor.numel():
            torch._dynamo.maybe_mark_dynamic(tensor, 0)
    if rows.there.numel():
        torch._dynamo.maybe_mark_dynamic(rows.there, 1)


def rotary(places: Tensor, frequencies: Tensor, sections: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every token's angles, each of [tokens, 1, head width / 2]."""
    angles = places.unsqueeze(-1).float() * frequencies
    parts = angles.split(sections, dim=-1)
    chosen = torch.cat([part[axis % 3] for axis, part in enumerate(parts)], dim=-1).unsqueeze(1)
    return chosen.cos(), chosen.sin()
