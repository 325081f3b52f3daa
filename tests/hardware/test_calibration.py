"""Estimates against what was measured, by the records, and what of that is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.calibration import RECORDS, TARGET, written
from paper_repro.bench import record
from paper_repro.hardware.calibration import calibration, error, measured
from paper_repro.hardware.hours import launches
from paper_repro.hardware.ways import WAYS
from paper_repro.study import load_study

CONFIG = load_study().configs["qwen2-vl-2b"]
BENCHES = sorted(RECORDS.glob("bench-*.json"))


def name(run):
    return f"{run.record}, {run.way}, {run.width}x{run.height}, {run.batch}"


def test_what_was_measured_is_what_the_records_say():
    """To renew it: python -m benchmarks.calibration --write"""
    assert TARGET.read_text(encoding="utf-8") == written()


@pytest.mark.parametrize("run", measured(), ids=name)
def test_memory_is_within_a_tenth_and_time_within_what_is_promised(run):
    found = error(run)
    factor = 1.5 if run.way == "default" else 2
    assert 1 / factor <= found.time <= factor
    assert found.memory == pytest.approx(1, abs=0.1)


def test_six_configurations_and_two_cards_are_there():
    assert len({(run.way, run.width, run.batch, run.dropout) for run in measured()}) >= 6
    assert {run.gpu for run in measured()} == {"h100", "h200"}
    assert {run.way for run in measured()} == {"notebook", "notebook-today", "default"}


def test_an_error_is_estimated_over_measured():
    one = measured()[0]
    twice = replace(one, seconds=2 * one.seconds, peak_bytes=4 * one.peak_bytes)
    assert error(twice).time == pytest.approx(error(one).time / 2)
    assert error(twice).memory == pytest.approx(error(one).memory / 4)


def test_float16_is_the_same_as_bfloat16_where_there_are_units_for_it():
    assert calibration("notebook-fp16") == calibration("notebook") != calibration("default")
    assert all(calibration(way).runs for way in WAYS)


def test_words_give_the_least_and_the_most():
    found = [error(run) for run in measured() if run.way == "default"]
    words = calibration("default").words
    for least in (min(e.time for e in found), max(e.memory for e in found)):
        assert f"{least:.2f}" in words
    assert f"{len(found)} runs" in words and "H100" in words and "H200" in words


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.name)
@pytest.mark.parametrize("way", ["notebook", "notebook-today"])
def test_kernels_are_as_many_as_a_profiler_counted(path, way):
    counted = record.read(path).ways[way].kernels
    assert launches(CONFIG, WAYS[way]) == pytest.approx(counted, rel=0.03)
