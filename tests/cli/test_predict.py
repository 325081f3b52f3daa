"""``predict``: what it prints, what it draws, and what it refuses, with a model that answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.evaluation.loading import MINIATURE
from tests.evaluation import talker

TWO = talker.LESSONS[2][0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    base = talker.save_base(tmp_path_factory.mktemp("base"))
    return talker.save_run(tmp_path_factory.mktemp("run"), base)


@pytest.fixture
def frame(tmp_path):
    path = tmp_path / "frame.png"
    talker.rows(1)[0].image.save(path)
    return path


def predict(*words):
    done = CliRunner().invoke(app, ["predict", *map(str, words), "--device", "cpu"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def refused(*words):
    with pytest.raises(UserError) as error:
        predict(*words)
    assert error.value.expected and error.value.got and error.value.next_command
    return error.value


def test_the_answer_its_points_and_whose_it_is(frame, run):
    said = predict(frame, TWO, "--adapter", run)
    assert talker.LESSONS[2][1] in " ".join(said.split())
    assert "84 %" in said and "12.5 %" in said and "94, 14" in said
    assert " ".join(said.split()).count(MINIATURE) == 1
    assert "Drawn" not in said


def test_an_answer_without_points(frame, run):
    said = predict(frame, talker.LESSONS[1][0], "--adapter", run)
    assert said.startswith("sellar") and "names no point" in said


def test_json(frame, run, tmp_path):
    out = tmp_path / "overlay.png"
    found = json.loads(predict(frame, TWO, "--adapter", run, "--json", "--out", out))
    assert found["answer"] == talker.LESSONS[2][1]
    assert found["points"] == [
        {"label": "suction device", "x": 84.0, "y": 12.5, "pixel": [94, 14], "in_frame": True},
        {"label": "curette", "x": 20.5, "y": 71.0, "pixel": [22, 79], "in_frame": True},
    ]
    assert (found["width"], found["height"]) == (112, 112)
    assert found["model"]["adapter"] == str(run / "adapter")
    assert found["model"]["precision"] == "float32"
    assert found["note"] == MINIATURE and found["overlay"] == str(out)


def test_the_drawn_picture_shows_both_points_and_says_so(frame, run, tmp_path):
    out = tmp_path / "overlay.png"
    assert "Drawn: " in predict(frame, TWO, "--adapter", run, "--out", out)
    with Image.open(out) as drawn, Image.open(frame) as plain:
        assert "2 marks" in drawn.info["Description"]
        side = drawn.width
        large = plain.resize((side, side))
        for _, x, y in (("suction device", 84.0, 12.5), ("curette", 20.5, 71.0)):
            at = (round(x / 100 * side), round(y / 100 * side))
            assert drawn.getpixel(at) != large.getpixel(at)


def test_only_the_answer_reaches_a_pipe(frame, run):
    command = [sys.executable, "-m", "paper_repro", "predict", frame, TWO, "--adapter", run]
    done = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(done.stdout)["answer"] == talker.LESSONS[2][1]


def test_an_adapter_that_changes_nothing_is_refused(frame, run, tmp_path):
    base = json.loads((run / "record.json").read_text())["settings"]["base"]
    silent = talker.save_run(tmp_path / "silent", base, std=0.0)
    error = refused(frame, TWO, "--adapter", silent)
    assert "changes nothing" in error.problem and "doctor" in error.next_command


def test_what_cannot_work_is_said_before_a_model_is_loaded(frame, tmp_path):
    nowhere = ("--adapter", tmp_path / "no-run")
    assert "no size" in refused(frame, TWO, "--size", "huge", *nowhere).problem
    assert "another file" in refused(frame, TWO, "--out", frame, *nowhere).expected
    assert "ends in .png" in refused(frame, TWO, "--out", tmp_path / "o.txt", *nowhere).expected
    assert "no folder" in refused(frame, TWO, "--out", tmp_path / "a" / "o.png", *nowhere).got
    assert "no such file" in refused(tmp_path / "none.png", TWO, *nowhere).got


def test_a_run_of_another_size_is_named(frame, run):
    assert refused(frame, TWO, "--adapter", run, "--size", "full").got == "mini"


def test_an_adapters_own_folder_finds_its_runs_base(frame, run):
    assert predict(frame, "Is it over?", "--adapter", run / "adapter").startswith("closure")


def test_another_base_is_taken_where_it_is_named(frame, run, tmp_path):
    base = json.loads((run / "record.json").read_text())["settings"]["base"]
    there = shutil.copytree(base, tmp_path / "copy")
    words = (frame, "Is it over?", "--adapter", run, "--base", there, "--json")
    assert json.loads(predict(*words))["model"]["base"] == str(there)
    assert (
        "some/adapter"
        in refused(
            *words[:2], "--adapter", "some/adapter@v2", "--base", base, "--size", "full"
        ).problem
    )


def test_the_shipped_miniature_answers_where_no_adapter_is_named(frame, tmp_path, monkeypatch):
    """Its run names no base: it stands on the one that is shipped beside it."""
    base = talker.save_base(tmp_path / "base" / "base")
    talker.save_adapter(tmp_path / "spatial" / "adapter", base)
    talker.write_settings(tmp_path / "spatial", size="mini", level=2, base="")
    monkeypatch.setattr("paper_repro.miniature.SHIPPED", tmp_path)
    for words in ([], ["--size", "mini"]):
        found = json.loads(predict(frame, TWO, *words, "--json"))
        assert found["answer"] == talker.LESSONS[2][1]
        assert found["model"]["base"] == str(base)
        assert found["model"]["adapter"] == str(tmp_path / "spatial" / "adapter")
    words = (frame, TWO, "--adapter", tmp_path / "spatial", "--base", tmp_path / "base", "--json")
    model = json.loads(predict(*words))["model"]
    assert (model["base"], model["base_revision"]) == (str(base), None)


def test_a_copy_without_the_miniature_says_how_to_train_it(frame, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_repro.miniature.SHIPPED", tmp_path)
    error = refused(frame, TWO)
    assert "'spatial' does not come with this copy" in error.problem
    assert error.next_command.startswith("python -m paper_repro train")


def test_an_unfinished_run_is_refused(frame, run, tmp_path):
    record = json.loads((run / "record.json").read_text()) | {"status": "interrupted"}
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert "--resume" in refused(frame, TWO, "--adapter", tmp_path).next_command


def test_full_size_offline_says_what_is_missing(frame, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    error = refused(frame, TWO, "--size", "full")
    assert "not in the hub's cache" in error.problem and "Qwen/Qwen2-VL-2B" in error.problem
