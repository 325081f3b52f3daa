"""The three traps, found on cards that have them and not on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from paper_repro.bench.record import read
from paper_repro.bench.traps import measured
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.traps import DIFFERENTIATED, EMULATED, PACKED, predicted
from paper_repro.study import load_study

BENCH = read(Path(__file__).parents[2] / "benchmarks" / "records" / "bench-h100-224x224.json")
STUDY = load_study()
T4 = BENCH.card | {
    "bf16_units": False,
    "fp16_flops_per_second": 24e12,
    "bf16_flops_per_second": 2.2e12,
    "memory_bytes": 16 * 10**9,
}


def here(traps):
    return {trap.name: trap.here for trap in traps}


def test_a_card_that_only_emulates_bfloat16_is_noticed_though_pytorch_offers_it():
    found = measured(T4, BENCH.ways, BENCH.unpacking_seconds)
    assert here(found)[EMULATED] and "2.2 TFLOP/s, and 24 in float16" in found[0].why
    assert "PyTorch offers it, the card has no units for it" in found[0].why
    assert not here(measured(BENCH.card, BENCH.ways, BENCH.unpacking_seconds))[EMULATED]


def test_slow_bfloat16_is_noticed_whatever_the_card_says():
    slow = BENCH.card | {"bf16_flops_per_second": BENCH.card["fp16_flops_per_second"] / 3}
    assert here(measured(slow, BENCH.ways, 0.01))[EMULATED]


def test_a_base_in_16_bits_that_was_trained_did_fit():
    found = measured(BENCH.card, BENCH.ways, 0.1)
    own, notebook = BENCH.ways["default"], BENCH.ways["notebook-today"]
    assert here(found)[PACKED] and f"{own.peak_bytes / 2**30:.1f} of" in found[1].why
    assert f"{3 * 0.1 / notebook.per_sample:.0%}" in found[1].why
    without = {name: way for name, way in BENCH.ways.items() if name != "default"}
    found = measured(BENCH.card, without, 0.1)
    assert here(found)[PACKED] is False and "could not be trained in 79.2 GiB" in found[1].why
    alone = measured(BENCH.card, {"default": own}, 0.1)
    assert here(alone) == {EMULATED: False, PACKED: True} and "unpacking" not in alone[1].why


@pytest.mark.parametrize("asked", [True, False])
def test_the_towers_outputs_tell_whether_it_is_differentiated(asked):
    today = replace(BENCH.ways["notebook-today"], tower_differentiated=asked)
    found = measured(BENCH.card, BENCH.ways | {"notebook-today": today}, 0.01)
    assert here(found)[DIFFERENTIATED] is asked


@pytest.mark.parametrize(
    ("card", "size", "expected"),
    [
        ("t4", (224, 224), (True, True, True)),
        ("v100", (224, 224), (True, True, True)),
        ("h100", (224, 224), (False, True, True)),
        ("t4", (4000, 3000), (True, False, True)),
    ],
)
def test_an_estimate_looks_for_them_too(card, size, expected):
    found = predicted(STUDY, STUDY.variant("stated"), gpus()[card], size)
    assert tuple(here(found).values()) == expected
    assert [trap.name for trap in found] == [EMULATED, PACKED, DIFFERENTIATED]
