"""The floating-point operations of an update that nobody can do without.

Tokens are counted without padding, the head at scored tokens only, and in the last layer the output
projection and the MLP at scored tokens only. The tower's outputs are taken as kept: it costs 0. A
multiply-add counts as two. Linear layers of the frozen base cost a forward product and one for the
gradient of their input; a frozen adapter the same; a trained one a third for its own gradient. The
input of the first layer needs no gradient. Causal attention is 2 · width · tokens² a layer forward,
and 2.5 times that backward, as fused kernels compute the scores again. Norms, activations, rotary
angles, the optimizer and recomputation are left out, so this over the card's rate is a floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

ATTENTION = 1 + 2.5
"""Forward and backward, of a forward pass."""
FIRST = ("q_proj", "k_proj", "v_proj")
"""What reads a layer's input; in the first layer that is the embedding."""
LATE = ("o_proj", "gate_proj", "up_proj", "down_proj")
"""What in the last layer is computed at scored tokens only."""


class Shape(NamedTuple):
    """Of a language model: widths and numbers of layers, heads and words."""

    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    words: int

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of each linear layer of a layer."""
        keys = self.width // self.heads * self.key_heads
        attention = {"q_proj": self.width, "k_proj": keys, "v_proj": keys, "o_proj": self.width}
        mlp = {"gate_proj": (self.width, self.inner), "up_proj": (self.width, self.inner)}
        own = {name: (self.width, outputs) for name, outputs in attention.items()}
        return own | mlp | {"down_proj": (self.inner, self.width)}


class Lora(NamedTuple):
    """An adapter: its rank, the layers it stands on, whether it is trained."""

    rank: int
    modules: Sequence[str]
    trained: bool


def shape_of(config: Mapping[str, Any]) -> Shape:
    """From a parsed ``config.json`` of a Qwen2-VL."""
    text = config.get("text_config", config)
    return Shape(
        width=text["hidden_size"],
        inner=text["intermediate_size"],
        layers=text["num_hidden_layers"],
        heads=text["num_attention_heads"],
        key_heads=text["num_key_value_heads"],
        words=text.get("vocab_size", config.get("vocab_size")),
    )


def linear_flops(shape: Shape, adapters: Sequence[Lora], tokens: int, scored: int) -> float:
    """All layers' linear layers and adapters, forward and backward, for one sample."""
    total = 0.0
    for layer in range(shape.layers):
        for name, (inputs, outputs) in shape.linears.items():
            late = layer == shape.layers - 1 and name in LATE
            first = layer == 0 and name in FIRST
            own = 2.0 * (scored if late else tokens)
            total += own * inputs * outputs * (1 if first else 2)
            for adapter in adapters:
                if name in adapter.modules:
                    total += own * _lora(adapter, inputs, outputs, first)
    return total


def _lora(adapter: Lora, inputs: int, outputs: int, first: bool) -> int:
    """Multiply-adds of one adapter on one layer for a token; ``first``: its input needs none."""
    down, up = adapter.rank * inputs, adapter.rank * outputs
    if adapter.trained:
        return down * (2 if first else 3) + up * 3
    return (down + up) * (1 if first else 2)


def attention_flops(shape: Shape, tokens: int) -> float:
    """Causal attention of all layers over one sample, forward and backward."""
    return 2.0 * shape.width * shape.layers * tokens**2 * ATTENTION


def head_flops(shape: Shape, scored: int) -> float:
    """The frozen head at scored tokens, forward and backward."""
    return 2.0 * shape.width * shape.words * scored * 2


def useful(shape: Shape, adapters: Sequence[Lora], rows: Iterable[tuple[int, int]]) -> float:
    """Of samples with so many tokens, of which so many are scored."""
    return sum(
        linear_flops(shape, adapters, tokens, scored)
        + attention_flops(shape, tokens)
        + head_flops(shape, scored)
        for tokens, scored in rows
    )
