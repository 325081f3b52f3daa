"""The learning rate is that of transformers' cosine schedule, step by step over a whole run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.training.schedule import Cosine, warmup_steps

PEAK = 2e-5


def of_transformers(steps: int, warmup: int) -> list[float]:
    """The rate of every update, read off the optimizer as the Trainer would use it."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    scheduler = get_cosine_schedule_with_warmup(optimizer, warmup, steps)
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


@given(st.integers(1, 120).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_every_rate_is_that_of_transformers(steps_and_warmup):
    steps, warmup = steps_and_warmup
    schedule = Cosine(PEAK, steps, warmup)
    assert [schedule(step) for step in range(steps)] == of_transformers(steps, warmup)


def test_the_notebooks_run_rises_to_its_peak_and_ends_near_nothing():
    schedule = Cosine(PEAK, 1713, warmup_steps(1713, 0.1))
    assert schedule.warmup == 172
    rates = [schedule(step) for step in range(1713)]
    assert rates[0] == 0.0 and max(rates) == rates[172] == PEAK
    assert rates[:172] == sorted(rates[:172]) and rates[172:] == sorted(rates[172:], reverse=True)
    assert 0 < rates[-1] < PEAK / 1e5


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_after_its_end_the_rate_stays_nothing(steps, warmup, beyond):
    schedule = Cosine(PEAK, steps, min(warmup, steps))
    assert schedule(steps + beyond) == 0.0


@given(st.integers(1, 20_000), st.floats(0, 1, exclude_max=True))
def test_warm_up_is_rounded_as_the_trainer_rounds_it(steps, share):
    from transformers import TrainingArguments

    # the Trainer's own rule reads one field of its arguments, here without the rest of them
    arguments = SimpleNamespace(warmup_steps=share)
    theirs = TrainingArguments.get_warmup_steps(arguments, steps)
    assert warmup_steps(steps, share) == theirs <= steps


@pytest.mark.parametrize(("steps", "warmup"), [(1710, 171), (1713, 172), (9, 1), (10, 1), (11, 2)])
def test_a_tenth_is_rounded_up(steps, warmup):
    assert warmup_steps(steps, 0.1) == warmup
