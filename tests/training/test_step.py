"""Whole trajectories of steps: the Trainer's, a resumed run's, and those that must differ."""

from __future__ import annotations

import math

import pytest

from paper_repro.training.failures import NotFinite
from paper_repro.training.order import Plan
from paper_repro.training.step import start
from tests.training.bench import (
    LAYERS,
    RATE,
    SETTINGS,
    apart,
    begun,
    examples,
    kept,
    run,
    same_bits,
    same_state,
    schedule,
    stack,
    trained,
    watched,
)


def test_a_seed_decides_and_no_other_random_state_does():
    import torch

    first = begun()
    losses = run(first, 3)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = begun()
    assert run(again, 3) == losses and same_bits(trained(again), trained(first))
    assert torch.get_rng_state().equal(before)
    other = begun(seed=8)
    assert all(a != b for a, b in zip(run(other, 3), losses, strict=True))


def test_dropout_differs_between_steps_and_rows():
    training = begun()
    batch = kept().batch([0])
    losses = [loss_alone(training, [batch]) for _ in range(2)]
    training.steps = 1
    losses.append(loss_alone(training, [batch]))
    assert losses[0] == losses[1] != losses[2]
    other = dict(batch, rows=batch["rows"] + 1)
    assert loss_alone(training, [other]) not in losses


def loss_alone(training, batches, samples=None):
    """A loss without an update."""
    loss = training._accumulate(batches, samples or len(batches))
    training.optimizer.zero_grad()
    return loss


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_how_an_effective_batch_is_cut_changes_rounding_alone(dropout):
    runs = []
    for batch, accumulation in ((1, 4), (4, 1), (3, 2)):
        training = start(stack(dropout=dropout), "adamw_torch", schedule(8), **SETTINGS)
        plan = Plan(12, batch, accumulation, epochs=9, seed=2)
        runs.append((run(training, 8, plan=plan), trained(training)))
    assert runs[1][0] == pytest.approx(runs[0][0], rel=1e-5)
    assert apart(runs[1][1], runs[0][1]) < 1e-5
    assert runs[2][0][0] != pytest.approx(runs[0][0][0], rel=1e-5)  # six rows are not four


def test_samples_are_counted_where_they_are_not_given():
    data = kept()
    counted, given, wrong = (start(stack(), "adamw_torch", RATE) for _ in range(3))
    parts = ((0, 1), (2,), (3,))
    loss = counted.step(data.batches(parts))
    assert given.step(data.batches(parts), 4) == loss
    assert wrong.step(data.batches(parts), 8) == pytest.approx(loss / 2, rel=1e-6)


def test_only_what_is_trainable_moves_and_all_of_it():
    training = start(stack(), "adamw_torch", RATE)
    before = {name: t.clone() for name, t in training.model.state_dict().items()}
    run(training, 2)
    after = training.model.state_dict()
    moved = {name for name in before if not after[name].equal(before[name])}
    assert moved == set(training.trained) and len(moved) == LAYERS * 4 * 2


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_is_refused_and_leaves_all_as_it_was(value):
    training, plain = begun(), begun()
    broken = {"now": True}
    tensor = next(iter(training.trained.values()))
    tensor.register_hook(lambda grad: grad + value if broken["now"] and training.steps else grad)
    assert run(training, 1) == run(plain, 1)
    before = training.state()
    with pytest.raises(NotFinite, match="step 1: expected a finite gradient norm, got") as caught:
        run(training, 2)
    assert (caught.value.step, caught.value.what) == (1, "gradient norm")
    assert not math.isfinite(caught.value.value)
    assert same_bits(training.state()[0], before[0]) and training.state()[1] == before[1]
    assert all(tensor.grad is None for tensor in training.trained.values())
    broken["now"] = False
    assert run(training, 4) == run(plain, 4) and same_state(training, plain)


@pytest.mark.parametrize("fp16", [False, True])
def test_a_loss_that_is_no_number_is_refused_and_leaves_all_as_it_was(fp16):
    from paper_repro.training.precision import choose

    precision = choose("cpu", "fp16" if fp16 else "fp32")
    training, plain = begun(precision=precision), begun(precision=precision)
    assert run(training, 1) == run(plain, 1)
    before = training.state()
    batch = dict(examples().batch([0]))
    batch["pixel_values"] = batch["pixel_values"] * math.nan
    with pytest.raises(NotFinite, match="step 1: expected a finite loss, got nan"):
        training.step([examples().batch([1]), batch])
    assert same_bits(training.state()[0], before[0]) and training.state()[1] == before[1]
    assert all(tensor.grad is None for tensor in training.trained.values())
    assert run(training, 3) == run(plain, 3) and same_state(training, plain)


def test_gradients_are_scaled_down_to_the_norm_and_never_up():
    plain = start(stack(), "adamw_torch", 0.0)
    norms = watched(plain)
    run(plain, 6)
    found = [norm for norm, _ in norms]
    middle = sorted(found)[3]
    clipped = start(stack(), "adamw_torch", 0.0, max_grad_norm=middle)
    norms = watched(clipped)
    run(clipped, 6)
    assert [norm for norm, _ in norms] == pytest.approx([min(n, middle) for n in found], rel=1e-5)
    assert min(found) < middle < max(found)


def test_every_update_has_the_rate_of_its_step():
    training = start(stack(), "adamw_torch", schedule(6))
    rates = watched(training)
    run(training, 6)
    assert [rate for _, rate in rates] == [{schedule(6)(step)} for step in range(6)]
    constant = start(stack(), "adamw_torch", 0.25)
    rates = watched(constant)
    run(constant, 1)
    assert rates[0][1] == {0.25}


def test_weight_decay_shrinks_matrices_and_spares_norms():
    results = []
    for decay in (0.0, 0.1):
        model = stack()
        norm = model.get_base_model().model.language_model.layers[0].input_layernorm.weight
        norm.requires_grad = True
        training = start(model, "adamw_torch", RATE, weight_decay=decay)
        before = trained(training)
        run(training, 1)
        results.append(trained(training))
    without, with_decay = results
    spared = [name for name, tensor in before.items() if tensor.ndim < 2]
    assert len(spared) == 1
    for name, tensor in before.items():
        shrunk = 0.0 if name in spared else RATE * 0.1
        expected = without[name] - shrunk * tensor
        assert float((with_decay[name] - expected).norm() / tensor.norm()) < 1e-6
        assert with_decay[name].equal(without[name]) == (name in spared)


def test_what_libraries_say_is_kept_once_and_off_the_terminal(capfd):
    training = begun("paged_adamw_8bit")
    run(training, 2)
    other = begun("paged_adamw_8bit")
    other.load_state(*training.state())
    paged = [words for words in training.said if "Paged optimizers are not supported" in words]
    assert len(paged) == 1 and paged[0] in other.said
    assert capfd.readouterr() == ("", "")
