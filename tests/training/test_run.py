"""A run's record: there from the first moment, true at every one, and evidence when it finished."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import jsonschema
import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.training import describe
from paper_repro.training.context import Options
from paper_repro.training.record import read_record
from paper_repro.training.run import train
from paper_repro.training.schedule import Cosine
from paper_repro.training.settings import Settings
from paper_repro.training.soundness import WEIGHTS
from tests.training.runs import STEPS, Heard, go_on, killed, raw_record, run, stopping

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/record.json").read_text())
LEVELS = {
    "Level 0": (0, ""),
    "Level 1": (1, ""),
    "stated": (2, "stated"),
    "seven-modules": (2, "seven-modules"),
    "notebook": (2, "notebook"),
}


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    """Folders of short runs, by what was trained, and what each said."""
    found = {}
    for name, (level, variant) in LEVELS.items():
        folder, heard = tmp_path_factory.mktemp("finished"), Heard()
        settings = small.settings(level, variant, max_steps=2)
        train(settings, folder, Options(command="python -m paper_repro train"), heard)
        found[name] = (folder, heard)
    return found


def fits(folder: Path, status: str) -> None:
    raw = raw_record(folder)
    jsonschema.Draft202012Validator(SCHEMA).validate(raw)
    assert raw["status"] == status == read_record(folder).status


@pytest.mark.parametrize("name", LEVELS)
def test_a_finished_record_fits_the_published_schema(finished, name):
    fits(finished[name][0], "finished")


def test_every_other_status_fits_it_too(small, tmp_path):
    class Looking(Heard):
        def doing(self, what, done=0, of=0):
            if not self.lines:
                fits(tmp_path / "run", "running")
                self.lines.append(what)

    heard = Looking(lambda step: fits(tmp_path / "run", "running"))
    train(small.settings(max_steps=3), tmp_path / "run", Options(save_every=1), heard)
    assert heard.lines[0] == "loading the base"
    with killed(small.settings(), tmp_path / "killed", at=3):
        fits(tmp_path / "killed", "running")
        assert "finished" not in raw_record(tmp_path / "killed")["times"]
    with pytest.raises(ZeroDivisionError):
        train(small.settings(), tmp_path / "failed", Options(), stopping(2, lambda: 1 / 0))
    fits(tmp_path / "failed", "failed")
    with pytest.raises(UserError):
        run(small.settings(max_length=9), tmp_path / "never")
    fits(tmp_path / "never", "failed")


@pytest.mark.parametrize("name", LEVELS)
def test_it_says_what_was_run(finished, name):
    record = read_record(finished[name][0])
    level, variant = LEVELS[name]
    assert (record.settings["level"], record.variant) == (level, variant)
    assert record.settings["compute"] == "float32"
    assert record.command == "python -m paper_repro train"
    assert record.steps == len(record.losses) == len(record.learning_rates) == 2
    settings = Settings.from_dict(record.settings)
    rate = Cosine(settings.learning_rate, 2, 1)
    assert record.learning_rates == [rate(0), rate(1)]
    assert record.trail[-1][1] == record.counts["trainable"] > 0
    assert record.seeds == {"adapters, order of rows and dropout": 42}
    assert record.times["started"] <= record.times["finished"]
    assert record.times["seconds"] > record.times["seconds_per_step"] > 0
    assert record.peak_memory["host"] > 2**26 and record.peak_memory["device"] == 0
    assert record.hardware["device"] == "cpu" and record.hardware["processes"] == 1
    assert {"torch", "transformers", "peft", "python", "paper_repro"} <= record.versions.keys()
    assert level == 0 or len(record.data["fingerprint"]) == 64
    assert all(len(digest) == 64 for digest in record.hashes.values()) and len(record.hashes) == 6
    assert record.said == "" and record.resumed_at == []


@pytest.mark.parametrize(
    ("name", "trained", "kept"),
    [("stated", "spatial", ["unified"]), ("Level 1", "unified", []), ("notebook", "default", [])],
)
def test_its_counts_are_those_of_the_files(finished, small, name, trained, kept):
    folder, _ = finished[name]
    counts = read_record(folder).counts
    by_file = {
        **{part: folder / "parts" / part for part in kept},
        trained: folder / ("parts/spatial-on-unified" if kept else "adapter"),
    }
    numbers = {part: _weights(place / WEIGHTS) for part, place in by_file.items()}
    assert counts["by_adapter"] == numbers and counts["trainable"] == numbers[trained]
    assert counts["base"] == _weights(small.base / "base" / "model.safetensors")
    assert counts["total"] == counts["base"] + sum(numbers.values())


def _weights(file: Path) -> int:
    return sum(tensor.numel() for tensor in load_file(file).values())


def test_the_notebooks_cells_warn_and_the_record_says_so(finished):
    folder, heard = finished["notebook"]
    record = read_record(folder)
    assert any("will not load as the document's Option A does" in line for line in heard.lines)
    assert record.procedure == "second-wrap" and record.earlier_changed > 0
    assert any("second time" in line for line in record.warnings)
    assert [number for _, number in record.trail][1] == 0


def test_the_findings_on_the_rows_are_told(finished):
    folder, heard = finished["stated"]
    assert any("6 of 6 rows are used" in line for line in heard.lines)
    assert read_record(folder).data["leaks"]["frames"] == 0


@pytest.mark.parametrize("variant", ["stated", "seven-modules", "notebook"])
def test_verify_takes_it_as_evidence(finished, variant):
    folder, _ = finished[variant]
    words = ["verify", "--stage", "arithmetic", "--record", str(folder), "--format", "json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    claims = {claim["id"]: claim for claim in json.loads(result.stdout)["claims"]}
    frozen = claims["L0.frozen"]["by_variant"][variant]
    assert "record.json" in frozen["formula"]
    if variant == "stated":
        assert claims["L0.frozen"]["evidence"] == "measured here"
        assert claims["L0.frozen"]["verdict"] == "holds"


def test_level_1_is_no_evidence_of_level_2(finished):
    folder, _ = finished["Level 1"]
    result = CliRunner().invoke(app, ["verify", "--record", str(folder)])
    assert isinstance(result.exception, UserError)


def test_no_path_or_name_of_the_machine_but_where_it_is_asked_for(finished, small):
    folder, _ = finished["stated"]
    raw = raw_record(folder)
    root = str(small.base.parents[1])
    assert {place for place, text in _texts(raw) if root in text} == {
        "settings/base", "settings/level1", "settings/data", "data/name",
        "deviations/base/here", "deviations/level1/here", "deviations/data/here",
    }  # fmt: skip
    assert socket.gethostname() not in [text for _, text in _texts(raw)]
    assert str(Path.home()) not in json.dumps(raw) or str(Path.home()) in root


def _texts(value, place=""):
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, list):
        named = (entry.get("name", "") if isinstance(entry, dict) else "" for entry in value)
        value = zip(named, value, strict=True)
    else:
        yield place.strip("/"), str(value)
        return
    for name, entry in value:
        yield from _texts(entry, f"{place}/{name}")


def test_a_resumed_run_keeps_when_it_began_and_adds_up_its_time(small, tmp_path):
    with killed(small.settings(), tmp_path, at=5):
        raw = raw_record(tmp_path)
        raw["times"] |= {"started": "2026-01-01T00:00:00+00:00"}
        (tmp_path / "record.json").write_text(json.dumps(raw))
    before = raw["times"]["seconds"]
    record = go_on(tmp_path)
    assert record.times["started"] == "2026-01-01T00:00:00+00:00"
    assert record.times["seconds"] > before > 0
    assert (record.steps, record.resumed_at) == (STEPS, [4])


def test_changes_are_counted_tensor_by_tensor():
    before = describe.Digests({"a": "1", "b": "2"}, {"c": "3", "d": "4"}, {"e": "5"})
    after = describe.Digests({"a": "1", "b": "x"}, {"c": "y", "d": ""}, {"e": "5"})
    assert describe.differences(before, after) == {
        "base_tensors": 2,
        "base_changed": 1,
        "earlier_tensors": 2,
        "earlier_changed": 2,
    }
    one, two = before.to_dict("before"), after.to_dict("after")
    assert one["newest_before"] == two["newest_after"]
    assert one["base_before"] != two["base_after"]
    swapped = describe.Digests({"a": "2", "b": "1"}, {}, {}).to_dict("before")
    assert swapped["base_before"] != one["base_before"]


def test_level_0_records_its_one_step_of_a_trail(finished):
    record = read_record(finished["Level 0"][0])
    assert record.trail == [["a base without adapters", record.counts["base"]]]
    assert record.data["rows"] == {"train": 8} and record.deviations == []
    assert record.settings["features"] is False
