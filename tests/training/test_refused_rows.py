"""Rows of ``--data`` that cannot be trained on: told, on record, and never dropped in silence."""

from __future__ import annotations

import pytest

from paper_repro.errors import UserError
from paper_repro.training.context import Options
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from tests.data import paper_rows
from tests.training.runs import Heard, run


def no_rows(splits):
    splits["train"] = []


def only_broken(splits):
    splits["train"] = [row | {"messages": "[{'role': user"} for row in splits["train"]]


def no_training_split(splits):
    splits["test"] = splits.pop("train")


def no_messages(splits):
    splits["train"] = [{"image": row["image"]} for row in splits["train"]]


BAD_ROWS = {
    "an empty split": (no_rows, "no rows in train"),
    "no row that can be used": (only_broken, "no row to train on"),
    "no split to train on": (no_training_split, "no split 'train'"),
    "no messages": (no_messages, "have no messages"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_cannot_be_trained_on(small, tmp_path, name):
    spoil, words = BAD_ROWS[name]
    splits = paper_rows.good()
    spoil(splits)
    data, place = paper_rows.write_json_lines(splits, tmp_path / "rows"), tmp_path / "run"
    with pytest.raises(UserError, match=words) as error:
        run(small.settings(data=str(data)), place)
    record = read_record(place)
    assert (record.status, record.said) == ("failed", str(error.value))
    assert not (place / "checkpoints").exists()
    assert run(small.settings(max_steps=1), place).status == "finished"


def test_bad_rows_among_good_ones_are_left_out_listed_and_counted(small, tmp_path):
    data = paper_rows.write_json_lines(paper_rows.with_problems(), tmp_path / "rows")
    heard = Heard()
    settings = small.settings(data=str(data), max_steps=2)
    record = train(settings, tmp_path / "run", Options(), heard)
    assert record.status == "finished"
    assert record.data["rows"]["train"] == 16 and record.data["usable"]["train"] == 6
    assert sum(record.data["left_out"]["train"].values()) == 10
    assert record.data["left_out"]["train"]["unreadable image"] == 1
    assert any("unreadable image" in line for line in heard.lines)


def test_a_label_that_the_paper_does_not_have_is_told(small, tmp_path):
    splits = paper_rows.good()
    splits["train"] += [paper_rows.classified(9, "phase_classification", "the lumbar phase")] * 2
    data = paper_rows.write_json_lines(splits, tmp_path / "rows")
    heard = Heard()
    settings = small.settings(data=str(data), max_steps=1)
    record = train(settings, tmp_path / "run", Options(), heard)
    assert sum(record.data["remarks"]["train"].values()) >= 2
    assert record.status == "finished"
