"""Operations of a whole training pass, against real Qwen2-VL under real PEFT, counted by torch.

True widths, two layers each of language model and tower. Every product is put down to the weight
that it multiplies by, and gradients of weights to none, so parts are compared one by one and
exactly: a forward pass, an input's gradient and a recomputation each cost twice a weight's numbers
for every token.
"""

from __future__ import annotations

import warnings
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import pytest

from paper_repro.hardware.flops import (
    Sample,
    Tower,
    full_training_flops,
    language_attention,
    tower_flops,
    tower_forward,
    training_flops,
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


def parts(how: Pass, tower: Tower = Tower.FORWARD) -> dict[str, float]:
    """The closed form of a pass."""
    found = counted(how)
    return training_flops(
        CONFIG,
        SIZES,
        tower=tower,
        checkpointing=how.checkpointing,
        trained=found.size(".lora_", ".spatial."),
        frozen=found.size(".lora_", ".unified."),
    )


def language(found: Counted) -> int:
    """FLOP of the language model's own projections."""
    return found.of("language_model") - found.of(".lora_")


def in_tower(found: Counted, attention: str, tower: Tower) -> float:
    """FLOP of the tower, its attention's backward pass counted as a fused kernel's."""
    once = 4 * 1280 * 2 * SIZES.patches**2
    spared = FLASH_BACKWARD - BACKWARD[attention] if tower is Tower.RECOMPUTED else 0
    return found.of("visual") + found.of("tower attention") + spared * once


def scores(how: Pass, tokens: int = SIZES.tokens) -> float:
    """FLOP of the language model's attention as the modules compute it: every token with every
    token, twice the closed form's causal half, and a backward pass by :data:`BACKWARD`."""
    runs = 1 + how.checkpointing + BACKWARD[how.attention]
    return 2 * language_attention(CONFIG, tokens) * runs


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_a_pass_that_keeps_its_activations(attention):
    how = Pass(attention=attention)
    found, expected = counted(how), parts(how)
    assert in_tower(found, attention, Tower.FORWARD) == expected["tower"]
    assert language(found) == expected["projections"]
    assert found.of("head") == expected["head"]
    assert found.of(".lora_") + found.of("gradients") == expected["lora"]
    assert found.of("gradients") == 2 * found.size(".spatial.") * SIZES.tokens
    assert found.flops["attention"] == scores(how)
    assert expected["recompute"] == 0
    fused = expected["attention"] * (1 + BACKWARD[attention]) / (1 + FLASH_BACKWARD)
    assert found.flops["attention"] == 2 * fused


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_recomputing_runs_every_layer_s_forward_pass_again(attention):
    """With the tower as the notebook's pins run it: forward alone."""
    how = Pass(checkpointing=True, attention=attention)
    found, kept = counted(how), counted(Pass(attention=attention))
    expected = parts(how)
    again = found.total - kept.total
    causal = language_attention(CONFIG, SIZES.tokens)
    assert again == expected["recompute"] + causal  # it counts the other half, too
    assert found.flops["attention"] == scores(how)
    assert found.passes("language_model") == {3}
    assert in_tower(found, attention, Tower.FORWARD) == expected["tower"]
    assert found.of("head") == expected["head"]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_preparation_differentiates_the_tower_too(attention):
    """``prepare_model_for_kbit_training`` makes the output of the tower's embedding need a
    gradient, as it does that of the words' embedding."""
    how = Pass(checkpointing=True, embedding=False, tower=True, attention=attention)
    found, expected = counted(how), parts(how, Tower.RECOMPUTED)
    assert in_tower(found, attention, Tower.RECOMPUTED) == expected["tower"]
    assert found.passes("patch_embed", rows=SIZES.patches) == {1}  # pixels need no gradient
    assert found.passes("blocks", rows=SIZES.patches) == {3}
    assert found.passes("merger", rows=SIZES.patches // 4) == {2}  # it is not checkpointed
    rest = Pass(checkpointing=True, attention=attention)
    tower = {"visual", "tower attention"}
    beside = [
        {n: f for n, f in each.flops.items() if not any(word in n for word in tower)}
        for each in (found, counted(rest))
    ]
    assert beside[0] == beside[1]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_whole_pass(attention):
    """All parts as one sum, but for what the modules do in attention and the closed form not."""
    for how, tower in [
        (Pass(attention=attention), Tower.FORWARD),
        (Pass(checkpointing=True, attention=attention), Tower.FORWARD),
        (
            Pass(checkpointing=True, embedding=False, tower=True, attention=attention),
            Tower.RECOMPUTED,
        ),
    ]:
        causal = language_attention(CONFIG, SIZES.tokens)
        closed = causal * (1 + how.checkpointing + FLASH_BACKWARD)
        spared = 0.0
        if tower is Tower.RECOMPUTED:
            spared = (FLASH_BACKWARD - BACKWARD[attention]) * 4 * 1280 * 2 * SIZES.patches**2
        expected = sum(parts(how, tower).values()) - closed + scores(how) - spared
        assert counted(how).total == expected


def test_inputs_of_the_first_layer_need_no_gradient_of_themselves():
    """The closed form's only excess in the language model where nothing makes them need one, as
    with a cached tower and no checkpointing. Query, key and value of the first layer, whose input
    is the embedding: no input's gradient of the base, none of a trained A; of the frozen adapter
    neither that of A nor of B, as nothing below needs one."""
    found, usual = counted(Pass(embedding=False)), counted(Pass())
    first = ("layers.0.", "self_attn.")
    base = sum(usual.size(*first, f".{name}_proj.weight") for name in "qkv")
    frozen = sum(usual.size(*first, f".{name}_proj.lora_", ".unified.") for name in "qkv")
    top = sum(usual.size(*first, f".{name}_proj.lora_A.spatial.") for name in "qkv")
    assert usual.total - found.total == 2 * (base + frozen + top) * SIZES.tokens
    assert base == 1536 * (1536 + 2 * 256)
    assert language(usual) - language(found) == 2 * base * SIZES.tokens
    layers = FULL["num_hidden_layers"] * usual.size("layers.1.", "_proj.weight")
    assert base / (2 * layers) == pytest.approx(0.0012, rel=0.01)  # of the full size


def test_checkpointing_that_is_not_reentrant_stops_early():
    """It ends with the last tensor that backward needs: the frozen B of ``down_proj``, the last
    product of a layer, is not multiplied by again."""
    found = counted(Pass(checkpointing=True, reentrant=False))
    reentrant = counted(Pass(checkpointing=True))
    spared = found.size("down_proj.lora_B.")
    assert reentrant.total - found.total == 2 * spared * SIZES.tokens
    assert found.passes("down_proj.lora_B.") == {2}
    expected = parts(Pass(checkpointing=True))["recompute"]
    assert 2 * spared * SIZES.tokens < 2e-3 * expected


@pytest.mark.parametrize("kept", [1, 5])
def test_the_head_costs_by_the_tokens_it_scores(kept):
    found, expected = counted(Pass(kept=kept)), parts(Pass())
    assert found.of("head") == expected["head"] * kept / SIZES.scored
    few = Sample(SIZES.patches, SIZES.tokens, kept)
    closed = training_flops(CONFIG, few, tower=Tower.FORWARD, checkpointing=False, trained=0)
    assert found.of("head") == closed["head"]
    rest = {name: flops for name, flops in counted(Pass()).flops.items() if name != "head"}
    assert {name: flops for name, flops in found.flops.items() if name != "head"} == rest


def test_a_cached_tower_costs_nothing():
    found = counted(Pass(frame=False))
    assert found.of("visual") == found.of("tower attention") == 0
    assert parts(Pass(frame=False), Tower.CACHED)["tower"] == 0
    assert found.total == counted(Pass()).total - tower_forward(CONFIG, SIZES.patches)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_training_every_weight(attention):
    """Three products a weight, but two by the pixels' embedding; of attention as ever."""
    how = Pass(adapters=False, attention=attention)
    found = counted(how)
    assert found.passes("language_model") == {2}
    assert found.of("visual") + language(found) + found.of("head") + found.of("gradients") == (
        3 * sum(2 * n * _rows(name) for name, n in found.weights.items())
        - 2 * found.size("patch_embed") * SIZES.patches
    )
    tower = 4 * 1280 * 2 * SIZES.patches**2
    causal = language_attention(CONFIG, SIZES.tokens)
    closed = (causal + tower) * (1 + FLASH_BACKWARD)
    modules = scores(how) + tower * (1 + BACKWARD[attention])
    expected = full_training_flops(CONFIG, SIZES) - closed + modules
    assert found.total == pytest.approx(expected, rel=1e-12)


def test_without_a_frame_the_tower_is_not_trained_either():
    found = counted(Pass(adapters=False, frame=False))
    causal = language_attention(CONFIG, SIZES.tokens)
    other_half = causal * 3 - causal * 0.5
    expected = full_training_flops(CONFIG, Sample(0, SIZES.tokens, SIZES.scored)) + other_half
    assert found.total == pytest.approx(expected, rel=1e-12)


def _rows(name: str) -> int:
    if "visual" not in name:
        return SIZES.tokens
    return SIZES.patches // 4 if "merger" in name else SIZES.patches


def test_a_differentiated_tower_grows_with_attention():
    """More than thrice a forward pass on large frames, less on small ones."""
    for patches, ratio in [(256, 3.03), (4784, 3.559)]:
        once = tower_forward(FULL, patches)
        assert tower_flops(FULL, patches, Tower.RECOMPUTED) / once == pytest.approx(ratio, rel=1e-3)
    assert all(tower_flops(FULL, 0, tower) == 0 for tower in Tower)
