"""Rotary positions and tower outputs of many pictures are those that transformers computes."""

from __future__ import annotations

import pytest
import torch

from paper_repro.engine.positions import positions
from paper_repro.engine.tower import tower_outputs
from paper_repro.miniature.config import fresh_base, processor
from paper_repro.training.examples import encode, pixels
from tests.training.bench import SIZES, apart, examples, frame, row


@pytest.fixture(scope="module")
def base():
    return fresh_base(0)[0]


def several():
    """Rows with one, several and different frames, of different lengths."""
    rows = [row("Where?", "here", [size], number=place) for place, size in enumerate(SIZES)]
    rows += [row("Track the curette over time.", "there and there", SIZES[:3], number=9)]
    return encode(rows, processor())


@pytest.mark.parametrize("chosen", [[0], [3], [5], [0, 1, 2, 3, 4, 5], [5, 2], [4, 4, 5]])
def test_positions_are_those_of_transformers(base, chosen):
    batch = several().batch(chosen)
    grid, mask = batch["image_grid_thw"], batch["attention_mask"]
    wanted, _ = base.model.get_rope_index(
        batch["input_ids"],
        mm_token_type_ids=batch["mm_token_type_ids"],
        image_grid_thw=grid,
        attention_mask=mask,
    )
    found = positions(batch["mm_token_type_ids"] == 1, mask, grid, 2)
    assert torch.equal(found, wanted)
    assert len(set(mask.sum(1).tolist())) > 1 or len(set(chosen)) == 1


def test_positions_leave_their_arguments_as_they_were():
    batch = several().batch([0, 5])
    image, mask = batch["mm_token_type_ids"] == 1, batch["attention_mask"]
    before = mask.clone()
    positions(image, mask, batch["image_grid_thw"], 2)
    assert torch.equal(mask, before)


@pytest.mark.parametrize("sizes", [[(112, 112)], [(112, 112)] * 5, [(200, 90)] * 3, SIZES])
def test_tower_outputs_are_those_of_transformers(base, sizes):
    made = pixels(processor(), [frame(size, 60 + 20 * n) for n, size in enumerate(sizes)])
    name = base.model.visual.config._attn_implementation
    with torch.no_grad():
        wanted = torch.cat(base.model.get_image_features(**made_of(made)).pooler_output)
        found = tower_outputs(base, made["pixel_values"], made["image_grid_thw"])
    assert base.model.visual.config._attn_implementation == name
    assert found.shape == wanted.shape
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)


def made_of(made):
    return {"pixel_values": made["pixel_values"], "image_grid_thw": made["image_grid_thw"]}


def test_a_trained_tower_gets_the_gradients_that_transformers_gives():
    model, _ = fresh_base(0)
    batch = examples().batch([0, 1, 2])
    made = {name: batch[name] for name in ("pixel_values", "image_grid_thw")}
    found = []
    for outputs in (
        lambda: torch.cat(model.model.get_image_features(**made).pooler_output),
        lambda: tower_outputs(model, made["pixel_values"], made["image_grid_thw"]),
    ):
        model.zero_grad()
        outputs().square().sum().backward()
        tower = model.model.visual.named_parameters()
        found.append({name: tensor.grad.clone() for name, tensor in tower})
    theirs, ours = found
    assert ours.keys() == theirs.keys() and len(ours) > 20
    assert apart(ours, theirs) < 1e-5
