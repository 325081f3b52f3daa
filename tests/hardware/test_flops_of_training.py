"""Operations of a whole training pass, against real Qwen2-VL under real PEFT, counted by torch.

True widths, two layers each of language model and tower. Every product is put down to the weight
that it multiplies by, and gradients of weights to none, so parts are compared one by one and
exactly: a forward pass, an input's gradient and a recomputation each cost twice a weight's numbers
for every token.
"""

from __future__ import annotations

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
from tests.hardware.counted import (
    BACKWARD,
    CONFIG,
    FLASH_BACKWARD,
    FULL,
    SIZES,
    Counted,
    Pass,
    counted,
)


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
