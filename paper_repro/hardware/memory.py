"""Bytes that training takes on a card at most, by part, in closed form.

The peak is at the end of the forward pass, when everything that the backward pass needs is there,
or just behind it, when the loss is differentiated, or when a checkpointed layer is run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.hardware.flops import Sample, Tower
from paper_repro.hardware.ways import Way

HALF, FULL = 2, 4
"""Bytes of a number in 16 and in 32 bits."""
PACKED = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes of a weight in NF4 with double quantisation: four bits, a byte for each 64 weights, and a
float32 for each 256 of those (Dettmers et al., QLoRA, arXiv 2305.14314, section 3)."""
WORKSPACE = 0.35e9
"""Bytes of the engine's graphs: their inputs, products' workspace, what does not fit elsewhere; as
measured on an H100 (``benchmarks/records/speed.json``)."""
ADAM, ADAM_8BIT = 8, 2
"""Bytes of an optimizer's state for each weight: two float32 moments, or two of a byte."""


@dataclass(frozen=True)
class Adapters:
    """LoRA weights on the base.

    Attributes:
        trained, frozen: how many.
        ranks: of all adapters that stand on query, key, value and output, trained or not, added up.
        dropped: inputs of a layer's adapters with dropout, added up: of each a byte is kept.
    """

    trained: int
    frozen: int
    ranks: int
    dropped: int = 0


def memory(
    config: Mapping[str, Any],
    architecture: Architecture,
    sizes: Sample,
    way: Way,
    adapters: Adapters,
    batch: int = 1,
) -> dict[str, float]:
    """Bytes by part: ``weights``, ``adapters``, ``gradients``, ``optimizer``, ``activations``,
    ``logits``, ``workspace``.

    Args:
        sizes: of one sample.
        batch: samples a pass.
    """
    weights = _packed(architecture) if way.quantised else HALF * architecture.parameters
    count = adapters.trained + adapters.frozen
    logits = float(batch * sizes.scored * config["vocab_size"] * _per_logit(way))
    if way.checkpointing:
        inputs, again = _checkpoints(config, sizes, way)
        activations = batch * inputs + max(0.0, batch * again - logits)
    else:
        activations = batch * _kept(config, sizes, adapters)
    return {
        "weights": float(weights),
        "adapters": float(count * (FULL if way.launched else FULL + HALF)),
        "gradients": float(FULL * adapters.trained * (1 if way.launched else 2)),
        "optimizer": float(adapters.trained * (ADAM_8BIT if way.quantised else ADAM)),
        "activations": activations,
        "logits": logits,
        "workspace": 0.0 if way.launched else WORKSPACE,
    }


def _packed(architecture: Architecture) -> float:
    """Every Linear but the head in NF4, all else in float32, as PEFT's preparation casts it, and
    the head's copy in 16 bits, which autocast keeps."""
    linear = sum(group.copies * group.weights for group in architecture.linears)
    rest = architecture.parameters - linear
    return PACKED * linear + FULL * rest + HALF * architecture.embedding


def _per_logit(way: Way) -> int:
    """The engine keeps one 16-bit number; transformers' loss two, logits and gradient, and two in
    float32, logits and their exponentials."""
    return 2 * HALF + 2 * FULL if way.launched else HALF


def _kept(config: Mapping[str, Any], sizes: Sample, adapters: Adapters) -> float:
    """What the engine keeps of one sample for its backward pass, in 16 bits: a layer's input; its
    norm with the adapters' inputs beside it; query, key and value as they are and as they are
    turned; what attention gives, by itself and with the adapters' inputs; the middle; gate and up.
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    keys = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    token = 6 * hidden + 2 * adapters.ranks + (hidden + 2 * keys) + keys + 2 * inner
    layers: int = config["num_hidden_layers"]
    spared = (sizes.tokens - sizes.scored) * 2 * inner  # in the last layer
    masks = adapters.dropped * layers * sizes.tokens
    return HALF * float(token * layers * sizes.tokens - spared) + masks


def _checkpoints(config: Mapping[str, Any], sizes: Sample, way: Way) -> tuple[float, float]:
    """The input of every layer that is run again, and what the largest keeps then.

    Inputs are in float32 in the notebook, whose preparation casts what runs between the products.
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    inputs = sizes.tokens * hidden * config["num_hidden_layers"]
    again = sizes.tokens * (10 * hidden + 4 * inner)
    if way.tower is Tower.RECOMPUTED:
        vision = config["vision_config"]
        width = vision["embed_dim"]
        inputs += sizes.patches * width * vision["depth"]
        again = max(again, sizes.patches * width * (10 + 2 * vision["mlp_ratio"]))
    return (FULL if way.launched else HALF) * float(inputs), HALF * float(again)
