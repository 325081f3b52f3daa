"""The loss is the model's own, however a batch is cut or padded, and the tower takes no part."""

from __future__ import annotations

import pytest

from paper_repro.engine import FEATURES, IGNORED
from paper_repro.engine.engine import engine
from paper_repro.engine.model import tower_is_frozen, unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.miniature.config import fresh_base
from tests.training.bench import LAYERS, apart, examples, gradients, same_bits, stack, theirs


@pytest.fixture(scope="module")
def model():
    return stack()


def loss_and_gradients(model, batch, share=1):
    loss = engine(model).loss(batch) / share
    loss.backward()
    return loss.item(), gradients(model)


@pytest.mark.parametrize("labels", ["answer", "sequence"])
@pytest.mark.parametrize("row", [0, 1, 3])
def test_one_sample_has_the_loss_that_the_model_itself_computes(model, labels, row):
    batch = examples(labels=labels).batch([row])
    their = model(**theirs(batch), use_cache=False).loss
    their.backward()
    wanted = gradients(model)
    loss, found = loss_and_gradients(model, batch)
    assert loss == pytest.approx(their.item(), rel=1e-6)
    assert apart(found, wanted) < 1e-5


def test_a_bare_model_and_a_wrapped_one_are_both_understood(model):
    bare, _ = fresh_base(0)
    batch = examples().batch([0])
    their = bare(**theirs(batch), use_cache=False).loss.item()
    assert engine(bare).loss(batch).item() == pytest.approx(their, rel=1e-6)
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
        loss = engine(model).loss(part) / 8
        loss.backward()
        total += loss.item()
    assert total == pytest.approx(sum(loss for loss, _ in alone), rel=1e-6)
    assert apart(gradients(model), wanted) < 1e-5


def test_a_sample_counts_as_one_however_many_tokens_its_answer_has(model):
    data = examples()
    lengths = [row.answer.stop - row.answer.start for row in data.tokens[:4]]
    assert len(set(lengths)) > 1
    alone = [engine(model).loss(data.batch([row])).item() for row in range(4)]
    together = engine(model).loss(data.batch(range(4))).item()
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
        engine(model).loss(dict(batch, labels=labels, **{FEATURES: features})).backward()
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
    engine(model).loss(batch)
    assert batch.keys() == before.keys() and all(batch[name] is before[name] for name in batch)


def watched(made, calls):
    """Count the times that the first product of a layer is computed."""
    for place, weights in enumerate(made.decoder.layers):
        qkv = weights.qkv

        class Counted(type(qkv)):
            __slots__ = ()

            def __call__(self, *inputs):
                calls.append(1)
                return super().__call__(*inputs)

        counted = weights._replace(qkv=Counted(*qkv))
        layers = made.decoder.layers
        made.decoder.layers = (*layers[:place], counted, *layers[place + 1 :])


def test_checkpointing_recomputes_the_layers_and_changes_no_bit():
    model = stack(dropout=0.3).train()
    batch = examples().batch(range(4))
    found, layers = [], []
    for on in (False, True):
        made, calls = engine(model, checkpointing=on), []
        watched(made, calls)
        loss = made.loss(batch)
        loss.backward()
        found.append((loss.item(), gradients(model)))
        layers.append(len(calls))
    assert layers == [LAYERS, 2 * LAYERS]
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
    seen = []
    unwrapped(model).model.visual.register_forward_hook(
        lambda _module, _inputs, outputs: seen.append(outputs.pooler_output.requires_grad)
    )
    engine(model, checkpointing=checkpointing).loss(examples().batch([0, 1])).backward()
    assert seen == [False]
    found = gradients(model)
    assert len(found) == LAYERS * 4 * 2 and all("spatial" in name for name in found)


def test_a_tower_that_is_trained_gets_its_gradients():
    model = stack()
    tower = unwrapped(model).model.visual
    assert tower_is_frozen(unwrapped(model))
    tower.merger.mlp[0].weight.requires_grad = True
    assert not tower_is_frozen(unwrapped(model))
    batch = examples().batch([0, 1])
    engine(model).loss(batch).backward()
    mine = tower.merger.mlp[0].weight.grad.clone()
    model.zero_grad()
    alone = [model(**theirs(examples().batch([row])), use_cache=False).loss for row in range(2)]
    sum(alone).backward()
    wanted = tower.merger.mlp[0].weight.grad
    assert mine.any() and float((mine - wanted).norm() / wanted.norm()) < 1e-5
