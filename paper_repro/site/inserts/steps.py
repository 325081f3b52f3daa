"""Optimizer steps of Level 2 at full size, as ``train`` takes them and as the cells do."""

from __future__ import annotations

from paper_repro.study import Study
from paper_repro.training.context import Options
from paper_repro.training.order import Plan
from paper_repro.training.recipes import STACKED, defaults, paper


def steps_parts(study: Study) -> dict[str, str]:
    """A sentence on the run's steps, and what it takes with and without an epoch's remainder.

    The cells leave the remainder out, so their steps are whole effective batches.
    """
    settings = defaults(study, 2, "full", STACKED, on_card=True)
    said = paper(study, 2, STACKED)
    rows = study.dataset(study.variant(STACKED).settings.dataset).train_rows
    plan = Plan(rows, settings.batch, settings.accumulation, settings.epochs, settings.seed)
    whole = rows // (said["batch"] * said["accumulation"]) * said["epochs"]
    return {
        "steps": (
            f"An epoch of the spatial rows is {plan.steps_per_epoch:,} steps of {plan.effective} "
            f"rows, the whole run {plan.steps:,}; it is saved every {Options().save_every} steps."
        ),
        "steps-here": f"{plan.steps:,} steps",
        "steps-cells": f"{whole:,} steps",
    }
