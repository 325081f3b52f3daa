"""Kept outputs of the frozen tower stand in for pixels: same losses and steps, frames once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paper_repro.engine import FEATURES
from paper_repro.engine.engine import engine
from paper_repro.engine.model import tower_is_frozen, unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.errors import UserError
from paper_repro.miniature.config import fresh_base
from paper_repro.training.examples import encode
from paper_repro.training.features import keep
from paper_repro.training.levels import put_on
from paper_repro.training.order import Plan
from paper_repro.training.schedule import Cosine
from paper_repro.training.step import start
from tests.training.bench import (
    SIZES,
    adapter,
    apart,
    examples,
    gradients,
    row,
    run,
    same_bits,
    stack,
    trained,
)


@pytest.fixture(scope="module")
def model():
    return stack()


@pytest.fixture(scope="module")
def kept(model):
    return keep(examples(), model)


@pytest.fixture(scope="module")
def several(kept):
    """Rows that share frames: a frame in two rows, and a tracking row over frames of others."""
    sized = [row("Where is the dura?", "there", [size], number=n) for n, size in enumerate(SIZES)]
    tracked = row("Track the curette.", "here", SIZES[:3])
    again = replace(sized[1], question="Which phase is it?", frames=tracked.frames[1:2])
    return encode([*sized, tracked, again, sized[0]], kept.processor)


def test_kept_outputs_give_the_loss_and_gradients_of_pixels(model, kept):
    for rows in ([0], [3, 1], [2, 2, 5]):
        found = []
        for data in (examples(), kept):
            loss = engine(model).loss(data.batch(rows))
            loss.backward()
            found.append((loss.item(), gradients(model)))
        (pixels, wanted), (features, grads) = found
        assert features == pytest.approx(pixels, rel=1e-5) and apart(grads, wanted) < 1e-5


def test_a_whole_run_is_the_same_as_with_pixels():
    runs = []
    for with_features in (False, True):
        training = start(stack(), "adamw_torch", Cosine(1e-3, 20, 2), max_grad_norm=1.0)
        data = keep(examples(), training.model) if with_features else examples()
        runs.append((run(training, 20, data), trained(training)))
    (pixels, wanted), (features, tensors) = runs
    assert features == pytest.approx(pixels, rel=1e-5) and apart(tensors, wanted) < 1e-4
    assert len(set(pixels)) == 20


def test_a_micro_batch_has_outputs_in_place_of_pixels(kept):
    batch, theirs = kept.batch([4, 0]), examples().batch([4, 0])
    assert batch.keys() - theirs.keys() == {FEATURES}
    assert theirs.keys() - batch.keys() == {"pixel_values"}
    assert batch[FEATURES].shape == ((batch["input_ids"] == 5).sum(), 128)
    shared = batch.keys() & theirs.keys()
    assert all(batch[name].equal(theirs[name]) for name in shared)
    assert batch["image_grid_thw"].dtype == theirs["image_grid_thw"].dtype


def test_frames_that_rows_share_are_kept_once(model, several):
    made = keep(several, model, at_once=2)
    features = made.features
    # five sizes, and of the tracking row's three frames two that are lit otherwise
    assert len(features.grids) == len(features.outputs) == 5 + 2
    assert features.frames == ((0,), (1,), (2,), (3,), (4,), (0, 5, 6), (5,), (0,))
    tokens = [len(piece) for piece in features.outputs]
    assert tokens == (features.grids.prod(1) // 4).tolist()
    assert features.bytes == sum(tokens) * 128 * 4
    assert (features.found, features.folder, features.said) == (0, None, ())


def test_progress_is_told_in_rows_and_then_in_distinct_frames(model, several):
    told = []
    keep(several, model, at_once=3, telling=lambda *words: told.append(words))
    looked, ran = (
        [numbers for said, *numbers in told if what in said] for what in ("equal", "tower")
    )
    assert looked == [[row, 8] for row in range(1, 9)]
    assert ran == [[3, 7], [6, 7], [7, 7]]
    assert len(told) == len(looked) + len(ran)


@pytest.mark.parametrize("at_once", [1, 3, 8])
def test_every_row_gets_its_own_frames_in_their_order(model, several, at_once):
    made = keep(several, model, at_once=at_once)
    for index in range(len(several)):
        batch, pixels = made.batch([index]), several.batch([index])
        wanted = tower_outputs(unwrapped(model), pixels["pixel_values"], pixels["image_grid_thw"])
        assert batch["image_grid_thw"].equal(pixels["image_grid_thw"])
        assert float((batch[FEATURES] - wanted).abs().max() / wanted.abs().max()) < 1e-5


def test_a_batch_shares_nothing_with_what_is_kept(kept):
    batch = kept.batch([0])
    batch[FEATURES].zero_()
    batch["image_grid_thw"].zero_()
    assert kept.batch([0])[FEATURES].any() and kept.batch([0])["image_grid_thw"].any()


def test_nothing_about_the_model_or_the_examples_changes(model):
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    data = examples(4)
    made = keep(data, model)
    assert same_bits(model.state_dict(), before) and model.training
    assert data.features is None and made.tokens is data.tokens
    assert not any(piece.requires_grad for piece in made.features.outputs)
    assert all(tensor.grad is None for tensor in model.parameters())


def test_a_tower_that_is_trained_is_refused():
    model = stack()
    unwrapped(model).model.visual.blocks[0].norm1.weight.requires_grad = True
    with pytest.raises(UserError, match="do not stay the same") as error:
        keep(examples(4), model)
    assert error.value.got == "one that is trained"
    assert "--no-features" in error.value.next_command


@pytest.mark.parametrize("layers", [("q_proj", "qkv"), ("q_proj", "fc1")])
def test_a_tower_that_an_adapter_reaches_is_refused_though_it_is_frozen(layers):
    """The lower adapter of a stack is frozen, and its dropout is on all the same."""
    lower = adapter("one").model_copy(update={"target_modules": layers})
    model = put_on(fresh_base(0)[0], "stack", [lower, adapter("two")]).model
    assert tower_is_frozen(unwrapped(model))
    with pytest.raises(UserError, match="do not stay the same") as error:
        keep(examples(4), model)
    assert layers[1] in error.value.got and error.value.got.endswith(", of an adapter")


def test_a_bf16_tower_gives_outputs_in_bf16():
    import torch

    model = stack()
    unwrapped(model).model.visual.to(torch.bfloat16)
    made = keep(examples(4), model)
    given = torch.cat(made.features.outputs)
    assert given.dtype is torch.bfloat16
    exact = torch.cat(keep(examples(4), stack()).features.outputs)
    distance = (given.float() - exact).norm() / exact.norm()
    assert 0 < float(distance) < 0.05


def test_a_plan_over_kept_examples_covers_every_row(kept):
    plan = Plan(len(kept), batch=2, accumulation=2, epochs=1, seed=0)
    sizes = [kept.batches(plan.batches(step)).samples for step in range(plan.steps)]
    assert sizes == [4, 4, 4]
