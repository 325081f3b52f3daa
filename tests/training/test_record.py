"""A record is written whole, read back as it was, and anything else is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paper_repro.errors import UserError
from paper_repro.training.record import Record, read_record, write_record


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    losses = [1.5, 0.1 + 0.2]
    record = Record(status="failed", said="no room", trail=[["put on", 5]], losses=losses, steps=2)
    path = write_record(record, tmp_path / "run")
    assert read_record(path) == record == read_record(tmp_path / "run")
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["record.json"]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_record(Record(steps=1), tmp_path)
    with pytest.raises(TypeError):
        write_record(Record(settings={"a": object()}), tmp_path)
    assert read_record(tmp_path).steps == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_one_that_is_broken_off_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(Record(steps=1), tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError):
        write_record(Record(steps=2), tmp_path)
    assert read_record(tmp_path).steps == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_takes_no_file_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(OSError):
        write_record(Record(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "paper_repro.record/2"}, "paper_repro.record/1"),
        ({"surprise": 1}, "'surprise' missing or too many"),
        ({"steps": "six"}, "steps: int"),
        ({"steps": True}, "steps: int"),
        ({"losses": {}}, "losses: list"),
        ({"status": "done"}, "running, interrupted, failed, finished"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = write_record(Record(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError) as caught:
        read_record(path)
    assert words in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = write_record(Record(), tmp_path)
    raw = json.loads(path.read_text())
    del raw["hashes"]
    path.write_text(json.dumps(raw))
    with pytest.raises(UserError) as caught:
        read_record(path)
    assert "'hashes' missing" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(UserError):
        read_record(tmp_path)


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_record(tmp_path)
