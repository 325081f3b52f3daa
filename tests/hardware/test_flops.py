"""Closed forms of operations, against real modules counted by torch and against each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.hardware.flops import (
    Sample,
    Tower,
    language_attention,
    language_linear,
    sample,
    tower_forward,
    training_flops,
)
from paper_repro.study import load_study

CONFIG: dict[str, Any] = load_study().configs["qwen2-vl-2b"]


def test_a_frame_becomes_merged_patches_and_tokens() -> None:
    assert sample(CONFIG, 224, 224, 71) == Sample(patches=256, tokens=135, scored=135)
    assert sample(CONFIG, 1280, 720, 71) == Sample(patches=4784, tokens=1267, scored=1267)


def test_the_language_model_costs_two_operations_a_weight_and_token() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    config = Qwen2VLConfig.from_dict(CONFIG)
    config._attn_implementation = "eager"
    with torch.device("meta"):
        model = Qwen2VLForConditionalGeneration(config)
        tokens = torch.zeros(1, 64, dtype=torch.long)
        with FlopCounterMode(display=False) as counter:
            model.model.language_model(input_ids=tokens, use_cache=False)
    attention_in_full = 2 * language_attention(CONFIG, 64)
    rotary = counter.get_total_flops() - language_linear(CONFIG) * 64 - attention_in_full
    assert 0 <= rotary < 1e-4 * counter.get_total_flops()


def test_the_tower_costs_two_operations_a_weight_and_patch() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    shallow = CONFIG | {
        "vision_config": CONFIG["vision_config"] | {"depth": 2},
        "num_hidden_layers": 1,
        "vocab_size": 8,
    }
    config = Qwen2VLConfig.from_dict(shallow)
    config.vision_config._attn_implementation = "eager"
    tower = Qwen2VLForConditionalGeneration(config).model.visual
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        tower(torch.zeros(256, 1176), grid_thw=torch.tensor([[1, 16, 16]]))
    assert tower_forward(shallow, 256) == pytest.approx(counter.get_total_flops(), rel=1e-3)


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(0, 5000),
    st.sampled_from(Tower),
    st.booleans(),
)
def test_more_work_never_costs_less(
    patches: int, tokens: int, more: int, tower: Tower, checkpointing: bool
) -> None:
    def cost(sizes: Sample, adapters: int = 4_358_144, again: bool = checkpointing) -> float:
        found = training_flops(
            CONFIG, sizes, tower=tower, checkpointing=again, trained=adapters, frozen=36_929_536
        )
        return sum(found.values())

    least = cost(Sample(patches, tokens, tokens))
    assert cost(Sample(patches + more, tokens, tokens)) >= least
    assert cost(Sample(patches, tokens + more, tokens + more)) >= least
    assert cost(Sample(patches, tokens, tokens), adapters=18_464_768) >= least
    assert cost(Sample(patches, tokens, tokens), again=True) >= least
