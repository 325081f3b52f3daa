"""A model that one Trainer trained is to the next as it was loaded: it runs under autocast."""

from __future__ import annotations

import pytest
import torch

from benchmarks.speed.model import Stack
from paper_repro.bench.run import miniature
from paper_repro.counting.build import build_model
from paper_repro.engine.model import unwrapped
from paper_repro.study import load_study
from paper_repro.training.levels import put_on
from paper_repro.training.precision import choose


@pytest.fixture
def stack():
    study = load_study()
    variant = study.variant("seven-modules")
    base = build_model(miniature(), "cpu", "float32")
    model = put_on(base, variant.procedure.value, study.stack(variant)).model
    return Stack(model, None, "cpu", choose("cpu", "nf4"), {}, (None, None))


def seen(model):
    """Whether its head ran under autocast, as accelerate prepares it."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(True)
    prepared = Accelerator(mixed_precision="bf16", cpu=True).prepare_model(model)
    found = []
    hook = unwrapped(model).lm_head.register_forward_hook(
        lambda *_: found.append(torch.is_autocast_enabled("cpu"))
    )
    prepared(input_ids=torch.ones(1, 4, dtype=torch.long), use_cache=False)
    hook.remove()
    AcceleratorState._reset_state(True)
    return found


def test_it_is_wrapped_anew_after_it_was_restored(stack):
    assert seen(stack.model) == [True]
    stack.restore()
    assert "forward" not in vars(stack.model)
    assert seen(stack.model) == [True]
