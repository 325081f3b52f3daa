"""Runs of every level and variant, really trained for a step, and what their records name."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.evaluation import generate as generating
from paper_repro.evaluation.asking import PARTIAL, PREDICTIONS, answer, leak, questions
from paper_repro.evaluation.loading import Wanted, load
from paper_repro.evaluation.reading import read_predictions
from paper_repro.evaluation.runs import of_run, run_of, splits_of_run
from paper_repro.training.base import MINIATURE, base_named
from paper_repro.training.context import Options
from paper_repro.training.record import Record, read_record, write_record
from paper_repro.training.run import train
from tests.evaluation import talker


class Heard:
    """Listens, and may stop the answers."""

    def __init__(self, stop_at: int = 0) -> None:
        self.stages: list[str] = []
        self.done: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def stage(self, what: str) -> None:
        self.stages.append(what)

    def advance(self, done: int, total: int) -> None:
        self.done.append((done, total))
        if done == self.stop_at:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _short_answers(monkeypatch):
    """Models that learned nothing never end their answers."""
    monkeypatch.setattr(generating, "generate", partial(generating.generate, max_new_tokens=4))


@pytest.fixture(scope="module")
def runs(small, tmp_path_factory) -> dict[str, Path]:
    """One of each; each stands on the base in another run's folder."""
    root = tmp_path_factory.mktemp("runs")
    for name in ("stated", "seven-modules", "notebook"):
        train(small.settings(2, name, max_steps=2), root / name, Options())
    return {"0": small.base, "1": small.level1} | {
        name: root / name for name in ("stated", "seven-modules", "notebook")
    }


@pytest.mark.parametrize("name", ["1", "stated", "seven-modules"])
def test_a_run_is_asked_with_its_adapter_on_another_runs_base(runs, small, tmp_path, name):
    heard = Heard()
    found = answer(runs[name], "validation", tmp_path, heard, "cpu", limit=1)
    assert found.model["base"] == str(small.base / "base")
    assert found.model["adapter"] == str(runs[name] / "adapter")
    assert [one.row for one in found.predictions] == [0] and not found.other_rows
    assert heard.done == [(1, 1)] and heard.stages[-2:] == ["loading the model", "answering"]
    assert read_predictions(tmp_path / PREDICTIONS) == found.predictions
    assert {path.name for path in tmp_path.iterdir()} == {PREDICTIONS}


def test_level_0_is_a_base_of_its_own(runs):
    assert of_run(runs["0"]) == Wanted("mini", str(runs["0"] / "base"))
    splits = splits_of_run(runs["0"])
    assert list(splits.raws) == ["validation"] and len(splits.validation) > 100


def test_the_notebooks_adapter_is_refused_and_its_base_can_be_asked(runs, tmp_path):
    with pytest.raises(UserError) as error:
        answer(runs["notebook"], "validation", tmp_path, Heard(), "cpu")
    assert "doubled prefix" in error.value.problem and "doctor" in error.value.next_command
    bare = answer(runs["notebook"], "validation", tmp_path, Heard(), "cpu", limit=1, bare=True)
    assert bare.model["adapter"] is None and len(bare.predictions) == 1


def copied(run: Path, folder: Path, **changes) -> Path:
    """A run's folder with another record."""
    shutil.copytree(run, folder)
    record = read_record(folder)
    for name, value in changes.items():
        setattr(record, name, value)
    write_record(record, folder)
    return folder


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_an_unfinished_run_is_refused_with_the_command_that_goes_on(runs, tmp_path, status):
    run = copied(runs["stated"], tmp_path / "run", status=status)
    with pytest.raises(UserError, match="has not finished") as error:
        answer(run, "validation", tmp_path / "out", Heard(), "cpu")
    assert error.value.next_command == f"python -m paper_repro train --resume {run}"
    assert status in error.value.got and not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["base", "data"])
def test_what_the_record_names_and_is_gone_is_an_error(runs, tmp_path, what):
    settings = read_record(runs["stated"]).settings | {what: str(tmp_path / "gone")}
    run = copied(runs["stated"], tmp_path / "run", settings=settings)
    with pytest.raises(UserError, match=f"The {what} of the run in .* is gone") as error:
        answer(run, "validation", tmp_path / "out", Heard(), "cpu")
    assert str(tmp_path / "gone") in error.value.expected


def test_a_base_from_the_hub_is_asked_for_at_the_commit_that_the_run_used(tmp_path):
    (tmp_path / "adapter").mkdir()
    record = Record(status="finished", settings={"size": "full", "base": "org/name"})
    record.revisions = {"base": "f00d", "data": ""}
    write_record(record, tmp_path)
    adapter = str(tmp_path / "adapter")
    assert of_run(tmp_path) == Wanted("full", "org/name", "f00d", adapter)


def test_rows_that_changed_since_the_run_are_told(runs, tmp_path):
    data = read_record(runs["1"]).data | {"fingerprint": "another"}
    run = copied(runs["1"], tmp_path / "run", data=data)
    assert answer(run, "validation", tmp_path, Heard(), "cpu", limit=1).other_rows


def test_where_a_base_is(small, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_repro.miniature.SHIPPED", tmp_path)
    (tmp_path / "base").mkdir()
    assert base_named("") == str(tmp_path / "base" / "base")
    assert base_named(str(small.base)) == str(small.base / "base")
    assert base_named(str(small.base / "base")) == str(small.base / "base")
    assert base_named("org/name") == "org/name"


def test_a_run_on_the_shipped_base_names_no_folder(small, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_repro.miniature.SHIPPED", tmp_path)
    shutil.copytree(small.base, tmp_path / "base")
    run = tmp_path / "spatial"
    train(small.settings(2, "seven-modules", base="", max_steps=2), run, Options())
    assert of_run(run).base == str(tmp_path / "base" / "base")
    assert f'"{MINIATURE}"' in (run / "adapter" / "adapter_config.json").read_text()
    assert type(load(of_run(run), "cpu").model).__name__.startswith("Peft")


def test_answers_that_were_given_are_kept_when_something_stops_the_rest(tmp_path):
    base = talker.save_base(tmp_path / "base")
    data = talker.save_rows(tmp_path / "rows", 9)
    run = talker.save_run(tmp_path / "run", base, data=str(data))
    with pytest.raises(KeyboardInterrupt):
        answer(run, "validation", tmp_path / "out", Heard(stop_at=3), "cpu", batch_size=2)
    kept = read_predictions(tmp_path / "out" / PARTIAL)
    assert [one.row for one in kept] == [0, 2, 3]
    found = answer(run, "validation", tmp_path / "out", Heard(), "cpu", batch_size=4)
    assert [one.row for one in found.predictions] == [0, 2, 3, 4, 5, 6, 7, 8]
    assert found.left_out == {"no image": 1}
    assert {one.video for one in found.predictions} == {"video_0", "video_1", "video_2"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == [PREDICTIONS]
    asked = questions(run, "validation")
    assert list(asked) == [one.row for one in found.predictions]
    assert all(one.prediction == "" and one.frames == "" for one in asked.values())
    with pytest.raises(UserError, match="no split 'test'"):
        questions(run, "test")


def test_a_split_of_which_no_row_can_be_read(tmp_path):
    rows = talker.save_rows(tmp_path / "rows", 2, broken=(0, 1))
    run = tmp_path / "run"
    talker.write_settings(run, size="mini", level=2, data=str(rows))
    with pytest.raises(UserError, match="No row of validation can be read") as error:
        questions(run, "validation")
    assert error.value.got == "no image: 2" and "--split train" in error.value.next_command


def test_a_leak_is_told_with_its_rows():
    leaks = {
        "frames": 1, "videos": 25, "rows_with_shared_frames": {"validation": 2},
        "rows_of_shared_videos": {"validation": 1014},
    }  # fmt: skip
    said = leak(Record(data={"leaks": leaks}), "validation")
    assert said.startswith("Leak: 1 frame and 25 videos stand in more than one split")
    assert "2 with a shared frame and 1,014 with a shared video in validation" in said
    assert leak(Record(data={"leaks": {"frames": 0, "videos": 0}}), "validation") == ""
    assert leak(Record(), "validation") == ""


def test_the_run_of_a_folder(runs):
    run = runs["stated"]
    assert run_of(run) == run_of(run / "adapter") == run_of(run / "parts" / "unified") == run
    assert run_of(run.parent) is None
