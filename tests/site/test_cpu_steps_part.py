"""What a CPU takes: the page shows a record as it is, and the committed one is whole."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from benchmarks.cpu_steps import PACKAGE, TRAINER, WAYS
from paper_repro.site.inserts.cpu_steps import cpu_steps_page, cpu_steps_part

RECORD = Path(__file__).parents[2] / "benchmarks" / "records" / "cpu-steps.json"


@pytest.fixture
def record():
    return copy.deepcopy(json.loads(RECORD.read_text(encoding="utf-8")))


def test_the_committed_record_has_every_way_and_all_losses_agree(record):
    assert list(record["ways"]) == [*WAYS, TRAINER]
    assert all(one["losses_apart"] < 1e-5 for one in record["ways"].values())
    assert {"train 1", "train 2 --level1 DIR", "verify"} <= record["commands"].keys()


def test_the_part_of_a_file_says_when_where_and_with_how_many_threads(record):
    page = cpu_steps_part(RECORD)
    assert page == cpu_steps_page(record)
    where = record["where"]
    assert where["date"] in page and where["cpu"] in page
    assert f"torch {where['versions']['torch']}" in page
    record["where"]["threads"] = 1
    assert ", 1 thread, with" in cpu_steps_page(record)
    record["where"]["threads"] = 4
    assert ", 4 threads, with" in cpu_steps_page(record)


def test_every_way_and_every_command_has_a_row(record):
    record["ways"][PACKAGE]["seconds"] = 0.0944
    record["ways"][TRAINER] = {
        "seconds": 0.6,
        "times": {"median": 6.5, "least": 6.0, "most": 7.25},
        "losses_apart": 2e-7,
    }
    record["commands"]["train 1"] = {"seconds": 29.96, "preparing": 9.0, "steps": 18.0}
    record["commands"]["verify"] = {"seconds": 9.0}
    page = cpu_steps_page(record)
    assert f"| {PACKAGE} | 94 ms | 1 | – |" in page
    assert f"| {TRAINER} | 600 ms | 6.50 (6.00 – 7.25) | 2e-07 |" in page
    assert "| `train 1` | 30.0 s | 9.0 s | 18.0 s |" in page
    assert "| `verify` | 9.0 s | – | – |" in page


def test_without_commands_there_is_no_table_of_them(record):
    record["commands"] = {}
    assert "| command |" not in cpu_steps_page(record)
