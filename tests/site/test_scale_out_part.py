"""What several cards come to: the page shows a record as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paper_repro.site.inserts.scale_out import scale_out_page, scale_out_part

TINY = Path(__file__).parents[1] / "benchmarks" / "scale_out_tiny.json"
SIZE = "196x56"


@pytest.fixture
def record():
    return json.loads(TINY.read_text(encoding="utf-8"))


def of_two(record):
    return record["processes"]["2"]["sizes"][SIZE]


def test_the_part_of_a_file_says_when_where_and_how(record):
    page = scale_out_part(TINY)
    assert page == scale_out_page(record)
    assert record["where"]["date"] in page and "on a CPU, not a card" in page
    assert f"torch {record['where']['versions']['torch']}" in page
    assert "A step of 32 samples is 4 passes of 8" in page and record["stack"] in page


def test_a_card_is_named_with_how_many_there_are(record):
    record["where"] |= {"card": "Card X", "cards": 2}
    assert "on 2 × Card X, with" in scale_out_page(record)


def test_every_number_of_processes_has_a_row(record):
    of_two(record).update(
        step=0.25, least=0.125, most=0.5, samples_a_second=128.0, efficiency=0.8765,
        peaks=[1e9, 2.5e9], communication=0.0123, losses_apart=1.5e-7,
        add_up={"bytes": 17_500_000, "seconds": 1.0},
    )  # fmt: skip
    page = scale_out_page(record)
    assert "| 196 × 56 | 2 | 0.25 (0.125 – 0.5) | 128 | 87.6% | 2.50 |" in page
    assert "Adding up 17.5 MB of gradients takes 1.2% of a step at 196 × 56." in page
    assert "those of one process differ by 1.5e-07 at most, relatively." in page
    one = next(line for line in page.splitlines() if line.startswith("| 196 × 56 | 1 |"))
    assert one.endswith("| – | – |")


def test_the_sentence_is_computed_from_the_record(record):
    of_two(record)["efficiency"] = 0.9
    said = "2 processes are 1.80 times as fast as one at 196 × 56, an efficiency of 90.0%."
    assert said in scale_out_page(record)
    assert "All 2 processes end with the same losses and adapter" in scale_out_page(record)
    of_two(record)["losses_apart"] = 0.0
    assert "Their losses and those of one process are the same numbers" in scale_out_page(record)


@pytest.mark.parametrize("name", ["same_adapter", "same_losses"])
def test_processes_that_do_not_agree_are_told(record, name):
    of_two(record)[name] = False
    said = "**Not** all 2 processes end with the same losses and adapter"
    assert said in scale_out_page(record)


def test_what_was_not_measured_is_said(record):
    record["processes"]["4"] = {"sizes": {}, "failed": "expected a card for every process"}
    said = "**Not checked to its end** with 4 processes: `expected a card for every process`"
    assert said in scale_out_page(record)
    del record["processes"]["1"], record["processes"]["2"], record["where"]
    page = scale_out_page(record)
    assert "nothing was measured" in page and said in page and "| frames |" not in page


def test_without_one_process_there_is_no_efficiency(record):
    del record["processes"]["1"]
    of_two(record).update(efficiency=None, losses_apart=None)
    page = scale_out_page(record)
    assert "| 196 × 56 | 2 |" in page and "times as fast" not in page
    assert "All 2 processes end with the same losses and adapter" in page
