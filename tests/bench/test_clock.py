"""What repeated times say of a run: Student's t over stretches, held to its promise."""

from __future__ import annotations

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from paper_repro.bench.clock import STRETCHES, prediction
from paper_repro.bench.timed import timed


@given(st.lists(st.floats(1e-4, 1e3), min_size=STRETCHES, max_size=60), st.floats(0.1, 10))
def test_it_scales_with_the_unit_and_holds_the_middle(times, factor):
    low, high = prediction(times)
    scaled = prediction([factor * each for each in times])
    assert scaled == pytest.approx((factor * low, factor * high), rel=1e-6)
    assert min(times) * (1 - 1e-9) <= math.sqrt(low * high) <= max(times) * (1 + 1e-9)


def test_six_times_by_hand():
    times = [1.0, 1.1, 0.9, 1.0, 1.2, 1.0]
    logs = [math.log(each) for each in times]
    mean = fmean(logs)
    spread = math.sqrt(sum((each - mean) ** 2 for each in logs) / 5)
    half = t.ppf(0.975, 5) * spread * math.sqrt(7 / 6)
    assert prediction(times) == pytest.approx((math.exp(mean - half), math.exp(mean + half)))


def test_the_mean_of_another_stretch_lies_inside_19_times_of_20():
    chance = random.Random(1)

    def stretch():
        return [chance.lognormvariate(0, 0.2) for _ in range(8)]

    def hit():
        low, high = prediction([each for _ in range(STRETCHES) for each in stretch()])
        return low <= fmean(stretch()) <= high

    assert 0.93 <= fmean(hit() for _ in range(2000)) <= 0.97


def test_single_slow_times_count_little_and_a_slow_stretch_whole():
    steady = [1.0, 1.01] * 24
    spikes = [2.0 if place % 8 == 3 else each for place, each in enumerate(steady)]
    slow = steady[:40] + [2.0] * 8
    width = {
        name: high / low
        for name, (low, high) in (("spikes", prediction(spikes)), ("slow", prediction(slow)))
    }
    assert width["spikes"] < 1.05 < 2 < width["slow"]


@pytest.mark.parametrize("times", [[], [1.0] * 5, [1.0] * 5 + [0.0]])
def test_too_few_or_none_above_zero_are_refused(times):
    with pytest.raises(ValueError, match="6 times above zero"):
        prediction(times)


def test_hours_of_a_run_are_its_samples_and_what_is_done_once():
    found = timed([2.0, 3.0, 2.0, 3.0, 2.5, 2.5, 2.5], 3600, peak_bytes=1, once_seconds=1800.0)
    assert found.hours == 2.5 + 0.5 and found.per_sample == 2.5
    low, high = prediction(found.seconds)
    assert (found.hours_low, found.hours_high) == pytest.approx((low + 0.5, high + 0.5))
