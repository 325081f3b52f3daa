"""The record of a bench: read back as it was written, or refused with a reason."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import pytest

from paper_repro.bench.record import SCHEMA, read, write
from paper_repro.errors import UserError

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "benchmarks" / "records").glob("bench-*.json"))
PUBLISHED = json.loads((ROOT / "docs" / "schemas" / "bench.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_committed_records_are_read_written_and_as_the_schema_says(path, tmp_path):
    found = read(path)
    write(found, tmp_path / "again.json")
    assert read(tmp_path / "again.json") == found and found.schema == SCHEMA
    assert [each.name for each in tmp_path.iterdir()] == ["again.json"]
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), PUBLISHED)
    assert found.size == "full" and found.device == "cuda" and not found.failed


def test_every_field_of_the_schema_is_described():
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    for part in (PUBLISHED, *PUBLISHED["$defs"].values()):
        for name, field in part["properties"].items():
            assert field.get("description") or name in (
                "hours_low",
                "hours_high",
                "memory_bytes",
            ), name


def bent(change):
    raw = json.loads(RECORDS[0].read_text(encoding="utf-8"))
    change(raw)
    return raw


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.update(schema="paper_repro.bench/2"), "schema"),
        (lambda raw: raw.pop("variant"), "variant"),
        (lambda raw: raw.update(more=1), "more"),
        (lambda raw: raw.update(width="wide"), "width"),
        (lambda raw: raw["ways"]["notebook"].update(hours=6.5), "hours, by its seconds"),
        (lambda raw: raw["ways"]["notebook"].update(hours_low=99.0), "hours, by its seconds"),
        (lambda raw: raw["ways"]["notebook"].update(seconds=[]), "seconds above zero"),
        (lambda raw: raw["ways"]["notebook"].update(seconds=[0.5, -0.5]), "seconds above zero"),
    ],
)
def test_what_is_no_record_or_at_odds_with_itself_is_refused(change, said, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(bent(change)), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read(path)
    assert said in str(caught.value) and "paper_repro bench" in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"[1]", b"\xff\xfe", b"{"])
def test_other_files_are_refused(text, tmp_path):
    path = tmp_path / "bench.json"
    path.write_bytes(text)
    with pytest.raises(UserError, match="cannot be read as the record of a bench"):
        read(path)


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "bench.json"
    path.write_text("before", encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paper_repro.whole.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(read(RECORDS[0]), path)
    assert path.read_text(encoding="utf-8") == "before" and len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "bench.json"
    path.write_text("before", encoding="utf-8")
    found = replace(read(RECORDS[0]), versions={"torch": object()})
    with pytest.raises(TypeError):
        write(found, path)
    assert path.read_text(encoding="utf-8") == "before" and len(list(tmp_path.iterdir())) == 1
    assert asdict(found)["schema"] == SCHEMA
