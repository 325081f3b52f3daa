"""The loss is the model's own, however a batch is cut or padded, and the tower takes no part."""

from __future__ import annotations

import pytest

from paper_repro.miniature.config import fresh_base
from paper_repro.training.loss import (
    FEATURES,
    IGNORED,
    set_checkpointing,
    summed_loss,
    tower_is_frozen,
    unwrapped,
)
from paper_repro.training.tower import tower_outputs
from tests.training.bench import LAYERS, apart, examples, gradients, same_bits, stack


@pytest.fixture(scope="module")
def model():
    return stack()


def loss_and_gradients(model, batch, share=1):
    loss = summed_loss(model, batch) / share
    loss.backward()
    return loss.item(), gradients(model)


@pytest.mark.parametrize("labels", ["answer", "sequence"])
@pytest.mark.parametrize("row", [0, 1, 3])
def test_one_sample_has_the_loss_that_the_model_itself_computes(model, labels, row):
    batch = examples(labels=labels).batch([row])
    theirs = model(**batch, use_cache=False).loss
    theirs.backward()
    wanted = gradients(model)
    loss, found = loss_and_gradients(model, batch)
    assert loss == pytest.approx(theirs.item(), rel=1e-6)
    assert apart(found, wanted) < 1e-5


def test_a_bare_model_and_a_wrapped_one_are_both_understood(model):
    bare, _ = fresh_base(0)
    batch = examples().batch([0])
    theirs = bare(**batch, use_cache=False).loss.item()
    assert summed_loss(bare, batch).item() == pytest.approx(theirs, rel=1e-6)
    assert type(unwrapped(model)) is type(bare) and unwrapped(bare) is bare


@pytest.mark.parametrize("labels", ["answer", "sequence"])
@pytest.mark.parametrize("cut", [[8], [4, 4], [3, 3, 2], [1, 7], [1] * 8])
def test_the_loss_of_an_effective_batch_does_not_depend_on_how_it_is_cut(model, cut, labels):
    data = examples(labels=labels)
    alone = [loss_and_gradients(model, data.batch([row]), 8) for row in range(8)]
    wanted = {name: sum(grads[name] for _, grads in alone) for name in alone[0][1]}
    starts = [sum(cut[:place]) for place in range(len(cut))]
    parts = [data.batch(range(at, at + size)) for at, size in zip(starts, cut, strict=True)]
    lengths = {len(row.ids) for row in data.tokens[:8]}
    assert len(lengths) > 3
    total = 0.0
    for part in parts:
        loss = summed_loss(model, part) / 8
        loss.backward()
        total += loss.item()
    assert total == pytest.approx(sum(loss for loss, _ in alone), rel=1e-6)
    assert apart(gradients(model), wanted) < 1e-5


def test_a_sample_counts_as_one_however_many_tokens_its_answer_has(model):
    data = examples()
    lengths = [row.answer.stop - row.answer.start for row in data.tokens[:4]]
    assert len(set(lengths)) > 1
    alone = [summed_loss(model, data.batch([row])).item() for row in range(4)]
    together = summed_loss(model, data.batch(range(4))).item()
    assert together == pytest.approx(sum(alone), rel=1e-6)


def test_what_stands_under_the_padding_has_no_effect(model):
    """Another token there, masked or not told apart by its number, changes not one bit."""
    batch = examples().batch(range(6))
    padding = batch["attention_mask"] == 0
    assert padding.any()
    before = loss_and_gradients(model, batch)
    other = dict(batch, input_ids=batch["input_ids"].masked_fill(padding, 300))
    after = loss_and_gradients(model, other)
    assert after[0] == before[0] and same_bits(after[1], before[1])


def test_more_padding_has_no_effect(model):
    from torch.nn.functional import pad

    batch = examples().batch([0, 1])
    fill = {"input_ids": 0, "attention_mask": 0, "labels": IGNORED, "mm_token_type_ids": 0}
    wide = dict(batch, **{name: pad(batch[name], (0, 9), value=fill[name]) for name in fill})
    loss, found = loss_and_gradients(model, batch)
    wide_loss, wide_found = loss_and_gradients(model, wide)
    assert wide_loss == pytest.approx(loss, rel=1e-6) and apart(wide_found, found) < 1e-5


def test_no_sample_sees_anothers_frames(model):
    import torch

    data = examples()
    batch = data.batch([0, 1])
    features = tower_outputs(unwrapped(model), batch.pop("pixel_values"), batch["image_grid_thw"])
    features.requires_grad_()
    half = int(batch["image_grid_thw"][0].prod()) // 4
    for sample in range(2):
        labels = batch["labels"].clone()
        labels[1 - sample] = IGNORED
        summed_loss(model, dict(batch, labels=labels, **{FEATURES: features})).backward()
        own, other = torch.split(features.grad, half)[:: 1 - 2 * sample]
        assert own.abs().sum(1).all() and not other.any()
        features.grad = None
    model.zero_grad()


def test_a_sample_without_labels_adds_nothing(model):
    data = examples()
    batch = data.batch([0, 1])
    labels = batch["labels"].clone()
    labels[1] = IGNORED
    alone = loss_and_gradients(model, data.batch([0]))
    both = loss_and_gradients(model, dict(batch, labels=labels))
    assert both[0] == pytest.approx(alone[0], rel=1e-6) and apart(both[1], alone[1]) < 1e-5


def test_the_batch_is_left_as_it_was(model):
    batch = examples().batch([0, 1])
    before = dict(batch)
    summed_loss(model, batch)
    assert batch.keys() == before.keys() and all(batch[name] is before[name] for name in batch)


class Seen:
    """Calls of the tower and of the layers, and whether the tower's outputs need gradients."""

    def __init__(self, model):
        whole = unwrapped(model)
        self.tower, self.layers = [], 0
        self._hooks = [
            whole.model.visual.register_forward_hook(self._seen_tower),
            whole.model.language_model.layers[0].mlp.register_forward_pre_hook(self._seen_layer),
        ]

    def _seen_tower(self, _module, _inputs, outputs):
        self.tower.append(outputs.pooler_output.requires_grad)

    def _seen_layer(self, *_):
        self.layers += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for hook in self._hooks:
            hook.remove()


def test_checkpointing_recomputes_the_layers_and_changes_no_bit():
    model = stack().train()
    batch = examples().batch(range(4))
    with Seen(model) as seen:
        plain = loss_and_gradients(model, batch)
    assert (seen.tower, seen.layers) == ([False], 1)
    set_checkpointing(model, True)
    with Seen(model) as seen:
        recomputed = loss_and_gradients(model, batch)
    assert (seen.tower, seen.layers) == ([False], 2)
    assert recomputed[0] == plain[0] and same_bits(recomputed[1], plain[1])
    set_checkpointing(model, False)
    with Seen(model) as seen:
        assert loss_and_gradients(model, batch)[0] == plain[0]
    assert seen.layers == 1


def test_checkpointing_repeats_the_same_dropout():
    import torch

    model = stack(dropout=0.3).train()
    batch = examples().batch(range(2))
    found = []
    for on in (False, True):
        set_checkpointing(model, on)
        torch.manual_seed(4)
        found.append(loss_and_gradients(model, batch))
    assert found[0][0] == found[1][0] and same_bits(found[0][1], found[1][1])


@pytest.mark.parametrize("checkpointing", [False, True])
def test_no_gradient_reaches_a_frozen_tower_even_where_preparation_marked_its_outputs(
    checkpointing,
):
    """``prepare_model_for_kbit_training`` makes every embedding's output require gradients."""
    from peft import prepare_model_for_kbit_training

    model = stack().train()
    prepare_model_for_kbit_training(model)
    for name, tensor in model.named_parameters():
        tensor.requires_grad = "spatial" in name
    set_checkpointing(model, checkpointing)
    with Seen(model) as seen:
        _, found = loss_and_gradients(model, examples().batch([0, 1]))
    assert seen.tower == [False]
    assert len(found) == LAYERS * 4 * 2 and all("spatial" in name for name in found)


def test_a_tower_that_is_trained_gets_its_gradients():
    model = stack()
    tower = unwrapped(model).model.visual
    assert tower_is_frozen(unwrapped(model))
    tower.merger.mlp[0].weight.requires_grad = True
    assert not tower_is_frozen(unwrapped(model))
    batch = examples().batch([0, 1])
    summed_loss(model, batch).backward()
    mine = tower.merger.mlp[0].weight.grad.clone()
    model.zero_grad()
    alone = [model(**examples().batch([row]), use_cache=False).loss for row in range(2)]
    sum(alone).backward()
    theirs = tower.merger.mlp[0].weight.grad
    assert mine.any() and float((mine - theirs).norm() / theirs.norm()) < 1e-5
