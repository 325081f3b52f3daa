"""The miniature is a Qwen2-VL in all but size, and its frames are lit unevenly."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.counting.build import linear_names, meta_model
from paper_repro.study import load_study
from paper_repro.training.bases import Bases
from paper_repro.training.miniature import CONFIG, IMAGE, SIDE, batch, draw_frame


def shape(model):
    """Names of all modules, numbers of layers apart."""
    return {re.sub(r"\.\d+\.", ".*.", f"{name}.") for name, _ in model.named_modules()}


def test_it_has_the_modules_of_the_2b_model_in_a_thousandth_of_its_size(bases):
    real = meta_model(load_study().configs["qwen2-vl-2b"])
    small = bases.fresh("float32")
    assert type(small) is type(real)
    assert shape(small) == shape(real) and linear_names(small) == linear_names(real)
    assert 500_000 < sum(p.numel() for p in small.parameters()) < 1_500_000
    text = small.config.text_config
    assert text.num_attention_heads > text.num_key_value_heads > 1
    assert small.lm_head.weight is small.get_input_embeddings().weight


def test_bases_are_the_same_each_time_and_leave_the_random_state_alone(bases, tmp_path):
    import torch

    first = bases.fresh("float32")
    torch.rand(1)
    state = torch.get_rng_state()
    again = Bases(CONFIG, tmp_path).fresh("float32")
    assert all(a.equal(b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    quantised = [bases.fresh("NF4") for _ in range(2)]
    pairs = zip(quantised[0].parameters(), quantised[1].parameters(), strict=True)
    assert all(a.equal(b) for a, b in pairs)
    assert torch.get_rng_state().equal(state)


def test_a_batch_holds_an_image_token_for_every_merged_patch(bases):
    config = bases.fresh("float32").config
    made = batch(config, 3, 2)
    grid = made["image_grid_thw"]
    assert made["pixel_values"].shape == (int(grid.prod(1).sum()), 1176)
    assert (made["input_ids"] == IMAGE).sum(1).tolist() == (grid.prod(1) // 4).tolist()
    assert made["labels"].equal(made["input_ids"])
    again = batch(config, 3, 2)
    assert all(made[name].equal(again[name]) for name in made)
    assert not made["pixel_values"].equal(batch(config, 4, 2)["pixel_values"])


@given(st.integers(0, 2**32))
def test_the_answer_points_at_the_disc_that_is_asked_for(seed):
    frame, (name, answer) = draw_frame(np.random.default_rng(seed))
    x, y = map(float, re.findall(r"'([\d.]+)'", answer))
    assert frame.size == (SIDE, SIDE) and 0 < x < 100 and 0 < y < 100
    assert answer.endswith(f">{name}</point>")


def test_the_light_is_uneven():
    frames = [draw_frame(np.random.default_rng(seed))[0] for seed in range(20)]
    mean = np.mean([np.asarray(frame) for frame in frames], axis=(0, 3))
    corner = SIDE // 4
    assert mean[:corner, :corner].mean() > 1.5 * mean[-corner:, -corner:].mean()
