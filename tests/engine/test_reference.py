"""The engine's steps are those of the real Trainer, one by one, under the same dropout."""

from __future__ import annotations

import pytest

from paper_repro.training.order import Plan, order
from paper_repro.training.schedule import Cosine, warmup_steps
from paper_repro.training.step import start
from tests.training.bench import RATE, SETTINGS, apart, examples, run, stack, trained, watched


def by_the_trainer(folder, plan, dropout, **options):
    from paper_repro.engine.reference import Reference

    model = stack(dropout=dropout).train()
    options = {"learning_rate": RATE, "warmup_steps": 0.1, "optim": "adamw_torch", **options}
    epochs = [order(plan.rows, epoch, plan.seed).tolist() for epoch in range(plan.epochs)]
    trainer = Reference(
        model, examples(9).batch, epochs, folder, use_cpu=True, seed=7,
        gradient_accumulation_steps=plan.accumulation, **SETTINGS, **options,
    )  # fmt: skip
    trainer.train()
    tensors = {name: t.detach() for name, t in model.named_parameters() if t.requires_grad}
    return trainer.said, tensors


@pytest.mark.parametrize(("steps", "dropout"), [(50, 0.0), (20, 0.2)])
def test_step_by_step_they_agree_to_rounding(tmp_path, steps, dropout):
    """Losses to 1e-5; gradients' norms and the adapter, whose errors add up, to 1e-4."""
    plan = Plan(rows=9, batch=1, accumulation=2, epochs=steps // 5, seed=2)  # 4 × 2 and 1 an epoch
    said, wanted = by_the_trainer(tmp_path, plan, dropout)
    rate = Cosine(RATE, steps, warmup_steps(steps, 0.1))
    training = start(stack(dropout=dropout), "adamw_torch", rate, **SETTINGS, seed=7)
    norms = watched(training)
    losses = run(training, steps, examples(9), plan)
    assert len(losses) == plan.steps == len(said) == steps
    assert losses == pytest.approx([logs["loss"] for logs in said], rel=1e-5)
    clipped = [min(logs["grad_norm"], 1.0) for logs in said]
    assert [norm for norm, _ in norms] == pytest.approx(clipped, rel=1e-4)
    rates = [logs["learning_rate"] for logs in said]
    assert [rate for _, (rate,) in norms] == pytest.approx(rates, rel=1e-6)
    assert apart(trained(training), wanted) < 1e-4


def test_the_reference_is_short_enough_to_read():
    from pathlib import Path

    import paper_repro.engine.reference as module

    assert len(Path(module.__file__).read_text().splitlines()) <= 80
