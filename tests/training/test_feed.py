"""What a step trains on does not depend on who prepares it."""

from __future__ import annotations

import pytest
import torch

from paper_repro.engine.packed import Layout, pack
from paper_repro.training.feed import Lookahead, expected, feed
from paper_repro.training.order import Plan
from paper_repro.training.workers import ALONE, Workers
from tests.training.bench import examples, kept, same_bits

PLAN = Plan(rows=7, batch=2, accumulation=2, epochs=2, seed=5)
"""Two steps an epoch, the second of a full micro-batch and one row."""


def taken(data, first=0, workers=ALONE, loaders=0):
    return [
        (samples, {index: made[index] for index in workers.share(len(made))}, len(made))
        for made, samples in feed(data, PLAN, first, workers.share, loaders)
    ]


def same(some, others):
    assert len(some) == len(others)
    for (samples, own, of), (their_samples, their_own, their_of) in zip(some, others, strict=True):
        assert (samples, of, own.keys()) == (their_samples, their_of, their_own.keys())
        assert all(same_bits(own[index], their_own[index]) for index in own)


@pytest.mark.parametrize("labels", ["answer", "sequence"])
def test_what_is_expected_is_what_comes(labels):
    """The sizes that a plan foretells are those of its micro-batches, packed."""
    data = examples(9, labels)
    plan = Plan(9, batch=2, accumulation=2, epochs=2, seed=1)
    layout = Layout(unit=16)
    foretold = [layout.sizes(*some) for some in expected(data, plan)]
    made = [
        pack(batch, torch.zeros(0, 4), 2, 0, 0, layout).sizes
        for step in range(plan.steps)
        for batch in data.batches(plan.batches(step))
    ]
    assert foretold == made and len(set(made)) == 3


@pytest.mark.parametrize("data", [examples, kept], ids=["pixels", "kept outputs"])
def test_loaders_prepare_what_this_process_would(data):
    same(taken(data(), loaders=2), taken(data()))


def test_each_step_has_the_rows_of_the_plan():
    for step, (samples, own, of) in enumerate(taken(kept())):
        parts = PLAN.batches(step)
        assert (samples, of) == (sum(map(len, parts)), len(parts))
        assert all(same_bits(own[i], kept().batch(rows)) for i, rows in enumerate(parts))


@pytest.mark.parametrize("loaders", [0, 2])
def test_it_begins_anywhere(loaders):
    same(taken(kept(), first=3, loaders=loaders), taken(kept())[3:])
    assert taken(kept(), first=4, loaders=loaders) == []


@pytest.mark.parametrize("loaders", [0, 1])
def test_several_processes_prepare_their_own_share_only(loaders):
    alone = taken(kept())
    shares = [taken(kept(), workers=Workers(rank, 2), loaders=loaders) for rank in range(2)]
    for step, (samples, own, of) in enumerate(alone):
        assert [share[step][0] for share in shares] == [samples] * 2
        assert [share[step][2] for share in shares] == [of] * 2
        both = shares[0][step][1] | shares[1][step][1]
        assert both.keys() == own.keys()
        assert all(same_bits(own[index], both[index]) for index in own)
    made, _ = next(feed(kept(), PLAN, 0, Workers(1, 2).share))
    with pytest.raises(KeyError):
        made[0]


def test_what_is_fetched_ahead_comes_in_its_turn_and_so_does_what_goes_wrong():
    def numbers():
        yield from range(3)
        raise OSError("gone")

    ahead = Lookahead(numbers())
    ahead.fetch()
    assert [next(ahead), next(ahead)] == [0, 1]
    ahead.fetch()
    assert next(ahead) == 2
    ahead.fetch()  # nobody is told before it is asked for
    with pytest.raises(OSError, match="gone"):
        next(ahead)
    short = Lookahead(iter([5]))
    short.fetch()
    assert list(short) == [5]
    short.fetch()
    assert list(short) == []
