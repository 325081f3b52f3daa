"""Ways of a step that take turns on a CPU: what follows from their times, and a real run."""

from __future__ import annotations

import math

import pytest

from benchmarks.cpu_steps import ON_A_CPU, PACKAGE, TRAINER, WARM_UP, WAYS, Way, completed, measure
from paper_repro.engine.techniques import Device, reasons_against


def test_every_technique_that_a_cpu_has_is_left_out_once_alone_and_once_with_all():
    assert ON_A_CPU == ("packing", "labelled", "last-layer", "one-product")
    assert not set(ON_A_CPU) & reasons_against(Device("cpu"), frozen=True).keys()
    assert [way.without for way in WAYS.values() if len(way.without) == 1] == [
        (name,) for name in ON_A_CPU
    ]
    assert WAYS["none of these"] == Way(ON_A_CPU, features=False, at_once=1)


def test_a_way_is_held_against_the_package_in_its_own_round():
    busy = [100.0] * WARM_UP
    seconds = {PACKAGE: [*busy, 1.0, 4.0, 2.0], TRAINER: [*busy, 3.0, 8.0, 8.0]}
    losses = {PACKAGE: [2.0, 1.0], TRAINER: [2.0, 1.5]}
    found = completed(seconds, losses)
    assert found[PACKAGE]["times"] == {"median": 1.0, "least": 1.0, "most": 1.0}
    assert found[PACKAGE]["losses_apart"] == 0
    assert found[TRAINER]["seconds"] == 8.0
    assert found[TRAINER]["times"] == {"median": 3.0, "least": 2.0, "most": 4.0}
    assert found[TRAINER]["losses_apart"] == 0.5


def test_ways_that_gave_another_number_of_steps_are_refused():
    with pytest.raises(ValueError, match="zip"):
        completed({PACKAGE: [1.0] * 4, TRAINER: [1.0] * 3}, {PACKAGE: [1.0], TRAINER: [1.0]})


def test_a_real_run_finds_the_losses_of_the_package_in_every_way():
    ways = {PACKAGE: WAYS[PACKAGE], "none of these": WAYS["none of these"]}
    found = measure(WARM_UP + 1, ways)
    assert list(found) == [*ways, TRAINER]
    assert all(one["losses_apart"] < 1e-5 for one in found.values())
    assert all(math.isfinite(one["seconds"]) and one["seconds"] > 0 for one in found.values())
