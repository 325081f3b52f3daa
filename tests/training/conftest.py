"""A bench of miniature bases, and the shipped study's adapters."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from paper_repro.study import Adapter, load_study
from paper_repro.training.bases import Bases, forked_rng
from paper_repro.training.levels import Levels, put_on
from paper_repro.training.miniature import CONFIG, batch
from paper_repro.training.observe import observe
from paper_repro.training.reload import save
from tests.training.runs import small

__all__ = ["small"]

STUDY = load_study()


@pytest.fixture(scope="session")
def adapters() -> dict[str, Adapter]:
    return {adapter.id: adapter for adapter in STUDY.adapters}


@pytest.fixture(scope="session")
def bases(tmp_path_factory) -> Bases:
    return Bases(CONFIG, tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="session")
def batches(bases):
    config = bases.fresh("float32").config
    return [batch(config, seed, 1) for seed in range(3)]


@pytest.fixture(scope="session")
def level_1(bases, batches, adapters, tmp_path_factory):
    """The folder of a trained Level 1 adapter."""
    levels = put_on(bases.fresh("float32"), "single", [adapters["unified"]])
    observe(levels, batches, "adamw_torch", 1e-3)
    return save(levels, tmp_path_factory.mktemp("level-1"))


@pytest.fixture
def level_2(bases, adapters, level_1):
    """Put the spatial adapter on Level 1 by a procedure; seeded."""

    def put(procedure: str, precision: str = "float32", upper: Sequence[str] = ()) -> Levels:
        import torch

        stack = [adapters["unified"], adapters["spatial-attention"]]
        with forked_rng():
            torch.manual_seed(5)
            return put_on(bases.fresh(precision), procedure, stack, {"unified": level_1})

    return put
