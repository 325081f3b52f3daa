"""Bytes that training takes on a card at most, by part, in closed form.

The peak is at the end of the forward pass, when everything that the backward pass needs is there,
or just behind it, when the loss is differentiated, or when a checkpointed layer is run again.

For the notebook's cells it is where the loss is differentiated: what was allocated there was read
off an H200 with today's libraries, tensor by tensor, and every part below is one of those tensors.
Dropout adds nothing to it: masks are made and freed layer by layer, before and behind the peak.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.hardware.flops import Sample, Tower
from paper_repro.hardware.vision import vision_of
from paper_repro.hardware.ways import Way

HALF, FULL = 2, 4
"""Bytes of a number in 16 and in 32 bits."""
PACKED = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes of a weight in NF4 with double quantisation: four bits, a byte for each 64 weights, and a
float32 for each 256 of those (Dettmers et al., QLoRA, arXiv 2305.14314, section 3)."""
WORKSPACE = 0.35e9
"""Bytes of the engine's graphs: their inputs, products' workspace, what does not fit elsewhere; as
measured on an H100 (``benchmarks/records/speed.json``)."""
PRODUCTS = 2 * 2**25
"""Bytes of the workspace of cuBLAS, 32 MiB for each thread that calls it: the one that runs forward
and autograd's. It is what PyTorch asks for on Hopper, the most of all cards."""
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
    update: int = 1,
) -> dict[str, float]:
    """Bytes by part: ``weights``, ``adapters``, ``gradients``, ``optimizer``, ``activations``,
    ``logits``, ``workspace``.

    Args:
        sizes: of one sample.
        batch: samples a pass.
        update: samples of an update, whose pixels the Trainer holds.
    """
    count = adapters.trained + adapters.frozen
    logits = float(batch * sizes.scored * config["vocab_size"] * _per_logit(way))
    if way.checkpointing:
        inputs, again = _checkpoints(config, sizes, way)
        activations = batch * inputs + max(0.0, batch * again - logits)
    else:
        activations = batch * _kept(config, sizes, adapters)
    if way.launched:
        activations += max(batch, update) * _pixels(config, sizes)
    return {
        "weights": sum(held(architecture, way.quantised).values()),
        "adapters": float(count * (FULL if way.launched else FULL + HALF)),
        "gradients": float(FULL * adapters.trained * (1 if way.launched else 2)),
        "optimizer": float(adapters.trained * (ADAM_8BIT if way.quantised else ADAM)),
        "activations": activations,
        "logits": logits,
        "workspace": float(PRODUCTS) if way.launched else WORKSPACE,
    }


def held(architecture: Architecture, quantised: bool) -> dict[str, float]:
    """Bytes of the base by form: ``halves``, all of it in 16 bits; or ``packed``, every Linear but
    the head in NF4, ``cast``, all else in float32, as PEFT's preparation casts it, and ``copied``,
    the head's copy in 16 bits, which autocast keeps."""
    if not quantised:
        return {"halves": float(HALF * architecture.parameters)}
    linear = sum(group.copies * group.weights for group in architecture.linears)
    head = architecture.embedding // (1 if architecture.head_tied else 2)
    return {
        "packed": PACKED * linear,
        "cast": float(FULL * (architecture.parameters - linear)),
        "copied": float(HALF * head),
    }


def _per_logit(way: Way) -> int:
    """The engine keeps one 16-bit number. In transformers' loss three in float32 are there at once:
    the logarithms of the probabilities, the gradient that they are given, and the one that they
    give; logits in 16 bits, and what accelerate makes of them in float32, are freed by then."""
    return 3 * FULL if way.launched else HALF


def _pixels(config: Mapping[str, Any], sizes: Sample) -> float:
    """One sample's, in float32, as the processor gives them. The Trainer takes all samples of an
    update off its loader before the first pass, and the loader has put each on the card by then.
    """
    return float(FULL * sizes.patches * vision_of(config).voxel)


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
    There embeddings are kept beside them, as they were before the picture was put in, and each
    stack's output, for its norm; and of the tower the patches in 16 bits, as the first product,
    which is not run again, gives them.
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    layers = config["num_hidden_layers"] + (2 if way.launched else 0)
    kept = FULL if way.launched else HALF
    inputs = kept * sizes.tokens * hidden * layers
    again = sizes.tokens * (10 * hidden + 4 * inner)
    if way.tower is Tower.RECOMPUTED:
        vision = vision_of(config)
        of_one = sizes.patches * vision.width
        inputs += of_one * (kept * vision.depth + (FULL + HALF if way.launched else 0))
        middle = (4 if vision.gated else 2) * vision.inner
        again = max(again, sizes.patches * (10 * vision.width + middle))
    return float(inputs), HALF * float(again)
