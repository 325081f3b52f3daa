"""``methods`` as a user types it."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.miniature import shipped
from tests.training.runs import raw_record


def run(*words):
    done = CliRunner().invoke(app, ["methods", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_with_neither_variants_stand_side_by_side_with_the_command_that_decides():
    said = " ".join(run().split())
    for count in ("32,571,392", "4,358,144", "18,464,768"):
        assert said.count(count) == 1
    assert "python -m paper_repro doctor mmrech/pitvqa-qwen2vl-spatial" in said


def test_text_bibliography_and_origins(tmp_path):
    bib, origins = tmp_path / "refs.bib", tmp_path / "numbers.json"
    said = run("--variant", "stated", "--bib", bib, "--provenance", origins)
    found = json.loads(origins.read_text(encoding="utf-8"))
    assert found["of"] == "stated"
    assert all(f"@{key}" in said and f"{{{key}," in bib.read_text() for key in found["cited"])
    assert all(number["words"] in said for number in found["numbers"])


def test_a_run_with_a_sound_adapter(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(shipped("spatial"), folder)
    said = run("--record", folder, "--length", "sentence", "--format", "txt")
    assert "57,344 parameters" in said and "CC0" in said


def test_an_unsound_adapter_gets_no_text(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "run"
    shutil.copytree(shipped("spatial"), folder)
    path = folder / "adapter" / "adapter_model.safetensors"
    twice = {f"base_model.model.{name}": tensor for name, tensor in load_file(path).items()}
    save_file(twice, path)
    with pytest.raises(UserError) as caught:
        run("--record", folder)
    assert "No text is written of an adapter that is unsound" in str(caught.value)
    assert f"doctor {folder}" in str(caught.value)


def test_without_an_adapter_it_is_said_that_none_was_examined(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(shipped("spatial"), folder)
    words = ["methods", "--record", str(folder), "--format", "txt"]
    examined = CliRunner().invoke(app, words, catch_exceptions=False)
    shutil.rmtree(folder / "adapter")
    alone = CliRunner().invoke(app, words, catch_exceptions=False)
    assert "Not checked" not in examined.stderr
    assert "Not checked: whether its adapter is sound" in alone.stderr
    assert alone.stdout == examined.stdout


def test_an_unfinished_run_gets_no_text(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(shipped("spatial"), folder)
    record = raw_record(folder) | {"status": "interrupted"}
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UserError, match="not finished"):
        run("--record", folder)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--variant", "other"], "stated"),
        (["--variant", "statd"], "did you mean stated?"),
        (["--variant", "stated", "--record", "x"], "--variant or --record"),
        (["--bib", "refs.bib"], "only the variants side by side"),
        (["--provenance", "origins.json"], "only the variants side by side"),
        (["--format", "tex"], "only the variants side by side"),
        (["--length", "sentence"], "only the variants side by side"),
    ],
)
def test_what_cannot_be_is_refused(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        run(*words)
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--bib", "--provenance"])
def test_a_place_that_holds_no_file_is_refused_before_any_text(option, tmp_path, capsys):
    with pytest.raises(UserError, match="could not be written"):
        run("--variant", "stated", option, tmp_path / "none" / "file")
    assert capsys.readouterr().out == ""
