"""The order of the rows: every epoch has each row once, and nothing but the seed decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.training.order import Plan, order

PLANS = st.builds(
    Plan,
    rows=st.integers(1, 70),
    batch=st.integers(1, 5),
    accumulation=st.integers(1, 6),
    epochs=st.integers(1, 4),
    seed=st.integers(0, 2**63 - 1),
)


def rows_of(plan: Plan, step: int) -> list[int]:
    return [row for micro_batch in plan.batches(step) for row in micro_batch]


@given(PLANS)
def test_every_epoch_has_each_row_once_in_its_own_order(plan):
    for epoch in range(plan.epochs):
        steps = range(epoch * plan.steps_per_epoch, (epoch + 1) * plan.steps_per_epoch)
        taken = [row for step in steps for row in rows_of(plan, step)]
        assert sorted(taken) == list(range(plan.rows))
        assert taken == order(plan.rows, epoch, plan.seed).tolist()


@given(PLANS)
def test_every_step_is_an_effective_batch_but_an_epochs_last(plan):
    for step in range(plan.steps):
        sizes = [len(micro_batch) for micro_batch in plan.batches(step)]
        last_of_epoch = step % plan.steps_per_epoch == plan.steps_per_epoch - 1
        left = plan.rows - (plan.steps_per_epoch - 1) * plan.effective
        assert sum(sizes) == (left if last_of_epoch else plan.effective)
        assert len(sizes) <= plan.accumulation
        assert all(size == plan.batch for size in sizes[:-1]) and 1 <= sizes[-1] <= plan.batch


@given(PLANS, st.integers(1, 4), st.data())
def test_how_an_effective_batch_is_cut_does_not_change_its_rows(plan, factor, data):
    other = replace(plan, batch=plan.batch * factor)
    whole = replace(other, batch=1, accumulation=other.effective)
    step = data.draw(st.integers(0, whole.steps - 1))
    assert rows_of(other, step) == rows_of(whole, step)


@given(PLANS, st.data())
def test_a_step_depends_on_its_number_alone(plan, data):
    steps = data.draw(st.permutations(range(plan.steps)))
    backwards = {step: plan.batches(step) for step in steps}
    np.random.seed(0)
    assert all(replace(plan).batches(step) == backwards[step] for step in range(plan.steps))


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = [order(50, epoch, seed).tolist() for epoch in range(4) for seed in range(4)]
    assert len({tuple(one) for one in orders}) == 16
    assert order(50, 1, 0).tolist() != order(50, 0, 1).tolist()


def test_the_order_is_the_one_that_earlier_runs_had():
    # a resumed run must find the order that it began with, whatever version wrote the checkpoint
    assert order(10, 0, 42).tolist() == [5, 6, 0, 7, 3, 2, 4, 9, 1, 8]
    assert order(10, 1, 42).tolist() == [0, 8, 7, 4, 3, 1, 2, 9, 6, 5]


def test_the_notebooks_run_has_1713_steps():
    plan = Plan(rows=9125, batch=1, accumulation=16, epochs=3, seed=42)
    assert (plan.effective, plan.steps_per_epoch, plan.steps) == (16, 571, 1713)
    assert len(plan.batches(569)) == 16 and len(plan.batches(570)) == 9125 % 16 == 5
    assert sum(len(rows_of(plan, step)) for step in (0, 570, 571)) == 16 + 5 + 16


def one_weight():
    """The smallest model that the Trainer trains."""
    import torch

    class OneWeight(torch.nn.Linear):
        def forward(self, x):
            return {"loss": super().forward(x).mean()}

    return OneWeight(1, 1)


def test_steps_of_transformers_trainer(tmp_path):
    """The Trainer's own arithmetic for the same rows, batch and epochs."""
    import torch
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        str(tmp_path), per_device_train_batch_size=2, gradient_accumulation_steps=3,
        num_train_epochs=2, use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    rows = [{"x": torch.ones(1)} for _ in range(17)]
    trainer = Trainer(one_weight(), arguments, train_dataset=rows)
    trainer.train()
    plan = Plan(rows=17, batch=2, accumulation=3, epochs=2, seed=0)
    assert trainer.state.global_step == plan.steps == 6


@pytest.mark.parametrize("max_steps", [1, 4, 11])
def test_max_steps_cuts_off_or_goes_on_into_more_epochs(max_steps):
    plan = Plan(rows=10, batch=2, accumulation=2, epochs=2, seed=1, max_steps=max_steps)
    whole = replace(plan, max_steps=None, epochs=4)
    assert plan.steps == max_steps
    assert [plan.batches(s) for s in range(max_steps)] == [
        whole.batches(s) for s in range(max_steps)
    ]


@pytest.mark.parametrize("field", ["rows", "batch", "accumulation"])
def test_an_empty_plan_is_refused(field):
    sizes = {"rows": 1, "batch": 1, "accumulation": 1, field: 0}
    with pytest.raises(ValueError, match=f"at least 1 of {field}, got 0"):
        Plan(**sizes, epochs=1, seed=0)


def test_an_order_cannot_be_written_into():
    with pytest.raises(ValueError, match="read-only"):
        order(5, 0, 0)[0] = 1
