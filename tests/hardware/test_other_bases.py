"""Estimates for bases that no study names: another vision tower, none, the same as a study's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import ALL_LINEAR, LoraSpec
from paper_repro.hardware.estimate import Run, adapters_of, adapters_on, estimate, estimate_run
from paper_repro.hardware.flops import sample, text_sample, tower_forward
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.memory import Adapters
from paper_repro.hardware.vision import Vision, vision_of
from paper_repro.hardware.ways import WAYS
from paper_repro.study import load_study

STUDY = load_study()
SEVEN = STUDY.variant("seven-modules")
T4, H100 = gpus()["t4"], gpus()["h100"]
NAMES = ("q_proj", "k_proj", "v_proj", "o_proj")


def config_of(hub: str) -> dict[str, Any]:
    return resolve_base(hub)[1]


def run_of(hub: str, tokens: int = 200, names: tuple[str, ...] = NAMES) -> Run:
    config = config_of(hub)
    adapters = adapters_on(architecture_of(config), LoraSpec(16, names))
    return Run(config, adapters, text_sample(tokens), 1000, 3, 1, 16)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_without_a_study_is_what_the_study_says_of_the_same(way: str) -> None:
    config, settings = STUDY.configs[STUDY.base(SEVEN).id], SEVEN.settings
    (adapter,) = STUDY.stack(SEVEN)
    adapters = adapters_on(architecture_of(config), LoraSpec(adapter.r, adapter.target_modules))
    assert adapters == adapters_of(STUDY, SEVEN)
    run = Run(
        config, adapters, sample(config, 224, 224, settings.text_tokens),
        STUDY.dataset(settings.dataset).train_rows, settings.epochs, settings.batch,
        settings.accumulation,
    )  # fmt: skip
    alone = estimate_run(run, T4, WAYS[way], way, (224, 224))
    assert alone == estimate(STUDY, SEVEN, T4, (224, 224), way)


@pytest.mark.parametrize("side", [8, 16])
def test_the_other_tower_costs_two_operations_a_weight_and_patch(side: int) -> None:
    """With whole windows, of 8 × 8 patches: the real one, two layers of which one has windows."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as real

    full = config_of("Qwen/Qwen2.5-VL-3B-Instruct")
    vision = full["vision_config"] | {"depth": 2, "fullatt_block_indexes": [1]}
    config = real.Qwen2_5_VLVisionConfig(**vision)
    config._attn_implementation = "eager"
    tower = real.Qwen2_5_VisionTransformerPretrainedModel._from_config(config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        tower(torch.zeros(side**2, 1176), grid_thw=torch.tensor([[1, side, side]]))
    ours = tower_forward(full | {"vision_config": vision}, side**2)
    assert ours == pytest.approx(counter.get_total_flops(), rel=1e-3)


def test_its_defaults_are_those_of_its_config_class() -> None:
    from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig

    given = config_of("Qwen/Qwen2.5-VL-3B-Instruct")
    real = Qwen2_5_VLVisionConfig(**given["vision_config"])
    vision = vision_of(given)
    assert vision.full == len(real.fullatt_block_indexes)
    assert vision.window * vision.side**2 == real.window_size**2
    assert (vision.width, vision.depth) == (real.hidden_size, real.depth)


def test_a_model_without_a_tower_costs_what_its_language_model_does() -> None:
    """Qwen2.5-1.5B has the sizes of Qwen2-VL-2B's language model."""
    text, both = run_of("Qwen/Qwen2.5-1.5B-Instruct"), run_of("Qwen/Qwen2-VL-2B-Instruct")
    assert vision_of(text.config) == Vision()
    assert text.adapters == both.adapters
    alone, beside = (estimate_run(run, H100, WAYS["notebook"]) for run in (text, both))
    assert alone.flops == beside.flops
    saved = {name for name in alone.memory if alone.memory[name] != beside.memory[name]}
    assert saved == {"weights"} and alone.memory["weights"] < beside.memory["weights"]
    assert alone.seconds.memory == beside.seconds.memory
    assert alone.seconds.host < beside.seconds.host


@pytest.mark.parametrize("hub", ["Qwen/Qwen2.5-VL-7B-Instruct", "meta-llama/Llama-3.1-8B"])
def test_more_tokens_and_more_rank_never_cost_less(hub: str) -> None:
    some = run_of(hub)
    longer = replace(some, sizes=text_sample(400))
    ranked = replace(some, adapters=replace(some.adapters, trained=2 * some.adapters.trained))
    for way in (way for way in WAYS.values() if way.launched):
        least = estimate_run(some, H100, way)
        for more in (longer, ranked):
            found = estimate_run(more, H100, way)
            assert sum(found.memory.values()) > sum(least.memory.values())
            assert found.hours.low >= least.hours.low and found.hours.high > least.hours.high


def test_only_what_stands_on_the_language_model_keeps_activations() -> None:
    architecture = architecture_of(config_of("Qwen/Qwen2.5-VL-3B-Instruct"))
    assert adapters_on(architecture, LoraSpec(8, ("qkv",))) == Adapters(
        8 * 32 * (1280 + 3 * 1280), 0, 0, 0
    )
    every = adapters_on(architecture, LoraSpec(8, (ALL_LINEAR,)))
    assert every.ranks == 8 and every.dropped == 6 * 2048 + 11008
