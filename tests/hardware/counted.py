"""Counts the operations of a real Qwen2-VL's training pass, by the weight that is multiplied by.

True widths, two layers each of language model and tower, under real PEFT. Every product is put
down to the weight that it multiplies by, and gradients of weights to none.
"""

from __future__ import annotations

import warnings
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

from paper_repro.hardware.flops import (
    Sample,
)
from paper_repro.study import load_study
from paper_repro.training.levels import put_on

STUDY = load_study()
STACK = STUDY.stack(STUDY.variant("stated"))
FULL = STUDY.configs["qwen2-vl-2b"]
IMAGE, TEXT, VOCABULARY = 1, 2, 32
CONFIG = FULL | {
    "vision_config": FULL["vision_config"] | {"depth": 2},
    "num_hidden_layers": 2,
    "vocab_size": VOCABULARY,
    "image_token_id": IMAGE,
    "bos_token_id": None,
    "eos_token_id": None,
}
SIDE, WORDS = 4, 8
SIZES = Sample(patches=SIDE**2, tokens=SIDE**2 // 4 + WORDS, scored=SIDE**2 // 4 + WORDS)
HEADS = {16: "tower attention", 12: "attention"}
EAGER_BACKWARD, FLASH_BACKWARD = 2, 2.5
"""Backward products of attention for each one forward. Eager attention has four for two: gradients
of the values, of the probabilities, of the queries and of the keys. A fused kernel keeps no
probabilities and multiplies queries by keys again: five for two."""
BACKWARD = {"eager": EAGER_BACKWARD, "sdpa": FLASH_BACKWARD}


@dataclass(frozen=True)
class Pass:
    """How a pass is set up.

    Attributes:
        adapters: whether the stated stack is put on; every weight is trained else.
        checkpointing: whether the base counts as one in 4 bits, whose preparation turns it on.
        reentrant: which of torch's ways to checkpoint, where preparation does not choose.
        embedding: whether the language model's inputs are made to need a gradient.
        tower: whether the tower is differentiated, where its inputs are made to need one.
        attention: transformers' name of how it is computed.
        kept: tokens the head scores, the last ones; 0 for all.
        frame: whether there is one.
    """

    adapters: bool = True
    checkpointing: bool = False
    reentrant: bool = True
    embedding: bool = True
    tower: bool = False
    attention: str = "eager"
    kept: int = 0
    frame: bool = True


@dataclass(frozen=True)
class Counted:
    """FLOP by the weight that is multiplied by, or by the kind of product; weights' sizes."""

    flops: Counter[str]
    weights: dict[str, int]

    def of(self, *words: str) -> int:
        """FLOP of all whose name has each of these words; those of the head are ``head``."""
        return sum(n for name, n in self.flops.items() if all(word in name for word in words))

    def passes(self, *words: str, rows: int = SIZES.tokens) -> set[float]:
        """How often every weight with these words was multiplied by all rows."""
        return {
            n / (2 * rows * self.weights[name])
            for name, n in self.flops.items()
            if all(word in name for word in words)
        }

    def size(self, *words: str) -> int:
        """Numbers in all weights with these words."""
        return sum(n for name, n in self.weights.items() if all(word in name for word in words))

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.flops.values())


@cache
def counted(how: Pass) -> Counted:
    """The products of one forward and backward pass."""
    import torch

    model = _built(how)
    model.train()
    names = {
        parameter.untyped_storage().data_ptr(): _named(name)
        for name, parameter in model.named_parameters()
        if parameter.ndim > 1
    }
    found: Counter[str] = Counter()

    def noted(operation, formula):
        def count(*tensors, **options):
            flops = formula(*tensors, **options)
            found[_label(operation, tensors, names)] += flops
            return flops

        count._get_raw = True  # tensors, not their shapes
        return count

    from torch.utils.flop_counter import FlopCounterMode

    mapping = {operation: noted(operation, formula) for operation, formula in _formulas().items()}
    with warnings.catch_warnings(), FlopCounterMode(display=False, custom_mapping=mapping) as all_:
        for said in ("use_reentrant", "None of the inputs"):  # preparation leaves it; no_grad
            warnings.filterwarnings("ignore", f".*{said}", UserWarning)
        if how.kept:
            logits = model(**_inputs(how), logits_to_keep=how.kept).logits
            torch.nn.functional.cross_entropy(logits[0], torch.zeros(how.kept).long()).backward()
        else:
            inputs = _inputs(how)
            model(**inputs, labels=inputs["input_ids"]).loss.backward()
    assert all_.get_total_flops() == sum(found.values())
    sizes = {_named(name): p.numel() for name, p in model.named_parameters() if p.ndim > 1}
    assert set(found) - set(sizes) <= {"gradients", *HEADS.values()}
    return Counted(found, sizes)


@cache
def _bare():
    import torch
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    config = Qwen2VLConfig.from_dict(CONFIG)
    return Qwen2VLForConditionalGeneration._from_config(config, dtype=torch.float32)


def _built(how: Pass):
    """The model under its adapters, or bare."""
    import torch

    base = deepcopy(_bare())
    base.set_attn_implementation(how.attention)
    if not how.adapters:
        return base
    base.is_loaded_in_4bit = how.checkpointing and how.reentrant
    model = put_on(base, "stack", STACK).model
    if how.checkpointing and not how.reentrant:
        base.activation_checkpointing_enable({"use_reentrant": False})
    if how.embedding:
        base.model.language_model.enable_input_require_grads()
    if not how.tower:
        base.model.visual.forward = torch.no_grad()(base.model.visual.forward)
    return model


def _inputs(how: Pass):
    import torch

    tokens = torch.full((1, SIZES.tokens), TEXT)
    if not how.frame:
        return {"input_ids": tokens, "use_cache": False}
    tokens[0, 3 : 3 + SIDE**2 // 4] = IMAGE
    return {
        "input_ids": tokens,
        "mm_token_type_ids": (tokens == IMAGE).int(),
        "pixel_values": torch.zeros(SIZES.patches, 3 * 2 * 14**2),
        "image_grid_thw": torch.tensor([[1, SIDE, SIDE]]),
        "use_cache": False,
    }


def _formulas():
    """Torch's own, and those of its fused attention for the CPU's, which it leaves out."""
    import torch
    from torch.utils.flop_counter import flop_registry, sdpa_backward_flop, sdpa_flop

    aten = torch.ops.aten
    return {
        **flop_registry,
        aten._scaled_dot_product_flash_attention_for_cpu: sdpa_flop,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: sdpa_backward_flop,
    }


def _named(name: str) -> str:
    """A parameter's name in the base; that of the head, which is tied, is ``head``."""
    short = name.replace("base_model.model.", "", 1).replace(".base_layer.", ".")
    return "head" if "embed_tokens" in short else short


def _label(operation, tensors, names) -> str:
    """The weight that is multiplied by; for attention, whose; or that it is no weight's."""
    import torch

    operands = [t for t in tensors if isinstance(t, torch.Tensor) and t.ndim > 1]
    for operand in operands:
        if operand.untyped_storage().data_ptr() in names:
            return names[operand.untyped_storage().data_ptr()]
    if "bmm" in str(operation):
        return HEADS[operands[0].shape[0]]
    if "dot_product" in str(operation):
        return HEADS[operands[0].shape[1]]
    return "gradients"
