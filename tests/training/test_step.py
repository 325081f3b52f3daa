"""Whole trajectories of steps: the Trainer's, a resumed run's, and those that must differ."""

from __future__ import annotations

import math

import pytest

from paper_repro.training.order import Plan, order
from paper_repro.training.step import NotFinite, seed_of, start
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


def by_transformers(model, data, plan, folder):
    """Losses, norms of gradients and rates of the same run under the real Trainer.

    Its default divides by the labelled tokens of the effective batch; the notebook's version, as
    the package, by the samples. One switch gives that.
    """
    from transformers import Trainer, TrainingArguments

    said = []
    epochs = iter(range(plan.epochs))

    class Order(list):
        def __iter__(self):
            return iter(order(plan.rows, next(epochs), plan.seed).tolist())

    class Ordered(Trainer):
        def _get_train_sampler(self, *_):
            return Order(range(plan.rows))

        def log(self, logs, *_):
            said.append(logs)

    arguments = TrainingArguments(
        str(folder), per_device_train_batch_size=plan.batch, learning_rate=RATE, warmup_steps=0.1,
        gradient_accumulation_steps=plan.accumulation, num_train_epochs=plan.epochs,
        lr_scheduler_type="cosine", optim="adamw_torch", **SETTINGS, logging_steps=1, use_cpu=True,
        report_to=[], save_strategy="no", disable_tqdm=True, remove_unused_columns=False,
    )  # fmt: skip
    trainer = Ordered(
        model, arguments, train_dataset=list(range(plan.rows)), data_collator=data.batch
    )
    trainer.model_accepts_loss_kwargs = False
    trainer.train()
    return said[: plan.steps]


def test_twenty_steps_are_those_of_transformers_trainer(tmp_path):
    """Losses, clipped gradients, rates and the final adapter, with a remainder in every epoch."""
    data = examples(18)
    plan = Plan(len(data), batch=1, accumulation=4, epochs=4, seed=2)
    assert len(data.batches(plan.batches(4))) == 2
    theirs = stack()
    said = by_transformers(theirs, data, plan, tmp_path)
    training = start(stack(), "adamw_torch", schedule(plan.steps), **SETTINGS)
    losses = run(training, plan.steps, data, plan)
    assert len(losses) == plan.steps == 20
    assert losses == pytest.approx([logs["loss"] for logs in said], rel=1e-5)
    assert min(losses[-5:]) < min(losses[:5]) and max(logs["grad_norm"] for logs in said) > 1
    wanted = {name: t.detach() for name, t in theirs.named_parameters() if t.requires_grad}
    assert apart(trained(training), wanted) < 1e-5


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


def test_dropout_differs_between_steps_and_micro_batches():
    seeds = {seed_of(seed, step, i) for seed in range(3) for step in range(20) for i in range(16)}
    assert len(seeds) == 3 * 20 * 16 and max(seeds) > 2**62 and min(seeds) >= 0
    training = begun()
    batch = kept().batch([0])
    losses = [loss_alone(training, [batch]) for _ in range(2)]
    training.steps = 1
    losses.append(loss_alone(training, [batch]))
    assert losses[0] == losses[1] != losses[2]
    assert loss_alone(training, [batch, batch], 1) != 2 * losses[2]


def loss_alone(training, batches, samples=None):
    """A loss without an update."""
    loss = training._accumulate(batches, samples or len(batches))
    training.optimizer.zero_grad()
    return loss


def test_how_an_effective_batch_is_cut_changes_rounding_alone():
    runs = []
    for batch, accumulation in ((1, 4), (4, 1), (3, 2)):
        training = start(stack(), "adamw_torch", schedule(8), **SETTINGS)
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
