"""More epochs and more rank never cost less, whatever computes a step and on whatever card."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paper_repro.hardware.estimate import Estimate, estimate
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.ways import WAYS
from paper_repro.study import Study, load_study

STUDY = load_study()
VARIANTS = [variant.id for variant in STUDY.variants]


def on_every_card(study: Study, variant: str, size: tuple[int, int]) -> list[Estimate]:
    """A variant's estimates, for every way on every card."""
    return [
        estimate(study, study.variant(variant), card, size, way)
        for way in WAYS
        for card in gpus().values()
    ]


def with_more_epochs(variant: str, more: int) -> Study:
    changed = [
        each.model_copy(
            update={
                "settings": each.settings.model_copy(
                    update={"epochs": each.settings.epochs + more * (each.id == variant)}
                )
            }
        )
        for each in STUDY.variants
    ]
    return STUDY.model_copy(update={"variants": tuple(changed)})


def with_more_rank(adapter: str, more: int) -> Study:
    changed = [
        each.model_copy(update={"r": each.r + more * (each.id == adapter)})
        for each in STUDY.adapters
    ]
    return STUDY.model_copy(update={"adapters": tuple(changed)})


SIZES = st.tuples(st.integers(28, 1600), st.integers(28, 1600))


@settings(max_examples=20)
@given(st.sampled_from(VARIANTS), SIZES, st.integers(1, 100))
def test_more_epochs_never_cost_less(variant, size, more):
    pairs = zip(
        on_every_card(STUDY, variant, size),
        on_every_card(with_more_epochs(variant, more), variant, size),
        strict=True,
    )
    for some, longer in pairs:
        assert longer.passes > some.passes
        assert longer.hours.low > some.hours.low and longer.hours.high > some.hours.high
        assert (longer.flops, longer.memory, longer.how) == (some.flops, some.memory, some.how)
        assert longer.tower_once == some.tower_once  # frames are the same at every epoch
        a_pass = some.passes / longer.passes
        assert float(a_pass * longer.hours.high) <= float(some.hours.high) * (1 + 1e-9)


@settings(max_examples=20)
@given(st.sampled_from(VARIANTS), SIZES, st.integers(1, 256), st.data())
def test_more_rank_never_costs_less(variant, size, more, data):
    adapter = data.draw(st.sampled_from(STUDY.variant(variant).adapters))
    pairs = zip(
        on_every_card(STUDY, variant, size),
        on_every_card(with_more_rank(adapter, more), variant, size),
        strict=True,
    )
    for some, wider in pairs:
        assert wider.flops["lora"] > some.flops["lora"]
        assert sum(wider.flops.values()) > sum(some.flops.values())
        assert wider.hours.low >= some.hours.low and wider.hours.high > some.hours.high
        assert wider.fits <= some.fits
        assert wider.batch <= some.batch or wider.how != some.how
        if (wider.how, wider.batch) == (some.how, some.batch):
            assert sum(wider.memory.values()) > sum(some.memory.values())
