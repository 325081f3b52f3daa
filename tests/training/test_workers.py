"""Who does what among several processes; how they do it together is in test_several_processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.errors import UserError
from paper_repro.training.workers import ALONE, Workers, joined


@given(st.integers(1, 9), st.integers(0, 40))
def test_every_micro_batch_belongs_to_one_process_and_the_shares_are_even(world, count):
    shares = [list(Workers(rank, world).share(count)) for rank in range(world)]
    assert sorted(index for share in shares for index in share) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(share == sorted(share) for share in shares)


@given(st.integers(1, 9), st.integers(1, 40))
def test_an_accumulation_is_accepted_when_all_have_the_same_share(world, accumulation):
    workers = Workers(0, world)
    if len({len(Workers(rank, world).share(accumulation)) for rank in range(world)}) == 1:
        assert workers.check(accumulation) is None
        return
    with pytest.raises(UserError) as caught:
        workers.check(accumulation)
    proposed = int(caught.value.next_command.split()[-1])
    assert workers.check(proposed) is None and abs(proposed - accumulation) < world


@pytest.mark.parametrize(
    ("world", "accumulation", "expected", "proposed"),
    [
        (3, 16, "an accumulation of 15 or 18, or of any multiple of 3", 18),
        (4, 2, "an accumulation of 4, or of any multiple of 4", 4),
    ],
)
def test_the_nearest_values_that_fit_are_named(world, accumulation, expected, proposed):
    with pytest.raises(UserError) as caught:
        Workers(0, world).check(accumulation)
    error = caught.value
    assert error.problem == (f"{world} processes cannot share {accumulation} micro-batches evenly.")
    assert error.expected == expected and error.got == str(accumulation)
    assert error.next_command == f"the same command with --accumulation {proposed}"


def test_alone_there_is_nobody_to_ask():
    import torch

    tensor = torch.ones(2)
    ALONE.add_up([tensor])
    ALONE.take_from_first([tensor])
    ALONE.wait()
    assert tensor.tolist() == [1, 1] and ALONE.writes and not Workers(1, 2).writes
    assert [ALONE.any(True), ALONE.any(False)] == [True, False] and ALONE.first_says(7) == 7


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("world", [None, "1"])
def test_without_a_launcher_and_with_one_process_it_is_alone(monkeypatch, device, world):
    import torch

    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    if world:
        monkeypatch.setenv("WORLD_SIZE", world)
    with joined(device) as workers:
        assert workers == Workers(0, 1, device)
        assert not torch.distributed.is_initialized()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed on Linux")
def test_no_thread_of_the_group_outlives_it():
    """Else one may be at work while Python ends, which aborts the process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [sys.executable, *launcher, str(Path(__file__).with_name("ends.py"))],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    within, after = map(int, done.stdout.split())
    assert within > 0 == after
