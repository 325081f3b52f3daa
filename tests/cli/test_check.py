"""``check`` as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.miniature import shipped
from paper_repro.study import load_study
from paper_repro.training.record import read_record
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_record, of_variant
from paper_repro.writing.formats import render
from paper_repro.writing.text import LENGTHS

ROOT = Path(__file__).parents[2]
WRONG = "We retrained Qwen-VL2 with LoRA (r=16) for PitVQA, 18M parameters.\n"
RIGHT = "We fine-tuned Qwen2-VL-2B-Instruct for PitVQA with LoRA (r=16 on q, k, v and o).\n"


def run(*words):
    return CliRunner().invoke(app, ["check", *map(str, words)], catch_exceptions=False)


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.md"
    path.write_text(WRONG, encoding="utf-8")
    return path


@pytest.fixture
def right(tmp_path):
    path = tmp_path / "right.txt"
    path.write_text(RIGHT, encoding="utf-8")
    return path


def test_exit_codes(wrong, right, tmp_path):
    assert run(right).exit_code == 0
    assert run(wrong).exit_code == run(right, wrong).exit_code == 1
    assert run(right, tmp_path / "nowhere.md").exit_code == 2
    assert run(wrong, tmp_path / "nowhere.md").exit_code == 2


def test_what_people_read(wrong):
    said = re.sub(r"\s+", " ", run(wrong).stdout)
    assert "judged by the study pitvqa, variant stated" in said
    assert "1:4 error retrained ✗ contradicted" in said
    assert "4,358,144 (4.36M)" in said and "variant seven-modules" in said
    assert "write: fine-tuned" in said and "1 file checked: 2 errors, 1 warning," in said


def test_what_cannot_be_read_is_said_in_one_sentence_and_others_are_checked(tmp_path, wrong):
    files = {
        "latin.md": "näher".encode("latin1"),
        "binary.txt": b"\x89PNG\0\0",
        "broken.docx": b"PK\x03\x04nothing",
        "broken.pdf": b"%PDF-1.7 nothing",
        "long.tex": b"a" * (2 << 20),
        "odd.odt": b"x",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = run(*(tmp_path / name for name in files), wrong, "--format", "json")
    said = json.loads(done.stdout)
    assert done.exit_code == 2 and said["counts"]["error"] == 2
    problems = {Path(file["path"]).name: file["problem"] for file in said["files"]}
    assert all(problems[name].count("Expected") == 1 for name in files)
    assert problems["wrong.md"] == ""
    assert "iconv -f latin1" in problems["latin.md"]


def test_every_format_has_every_finding(wrong):
    said = json.loads(run(wrong, "--format", "json").stdout)
    sarif = json.loads(run(wrong, "--format", "sarif").stdout)
    lines = run(wrong, "--format", "github").stdout.splitlines()
    assert len(said["findings"]) == len(sarif["runs"][0]["results"]) == 4
    assert len(lines) == sum(each["severity"] != "note" for each in said["findings"]) == 3


def test_quietly_it_tells_no_notes(wrong):
    done = run(wrong, "--quiet", "--format", "json")
    assert {each["severity"] for each in json.loads(done.stdout)["findings"]} == {
        "error",
        "warning",
    }
    assert done.exit_code == 1
    assert "2 errors, 1 warning, 0 notes" in run(wrong, "--quiet").stdout


def test_fix_puts_safe_words_in(wrong):
    done = run(wrong, "--fix")
    assert "2 put right" in done.stderr
    assert wrong.read_text(encoding="utf-8") == WRONG.replace(
        "retrained Qwen-VL2", "fine-tuned Qwen2-VL"
    )
    again = run(wrong, "--fix")
    assert "put right" not in again.stderr


def test_a_baseline(wrong, tmp_path):
    known = tmp_path / "known.json"
    first = run(wrong, "--write-baseline", known)
    assert first.exit_code == 0 and "3 findings listed" in first.stderr
    done = run(wrong, "--baseline", known)
    assert done.exit_code == 0 and "0 errors, 0 warnings" in done.stdout


def test_a_comment_that_names_no_rule_is_told(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(f"<!-- paper-repro: disable retraind -->\n\n{RIGHT}", encoding="utf-8")
    assert f"{path}:1: no rule is called 'retraind'" in run(path).stderr


def test_the_study_the_variant_and_the_base(wrong, tmp_path):
    def rules(*words):
        said = json.loads(run(*words, "--format", "json").stdout)
        return {each["text"]: each["verdict"] for each in said["findings"]}

    assert rules(wrong)["18M"] == "contradicted"
    assert rules(wrong, "--variant", "seven-modules")["18M"] == "holds when rounded"
    assert rules(wrong, "--study", "none")["18M"] == "not checked"
    other = tmp_path / "other.md"
    other.write_text(
        "LoRA (r=8 on q_proj, v_proj): 4,194,304 trainable parameters.", encoding="utf-8"
    )
    assert rules(other)["4,194,304"] == "not checked"
    assert rules(other, "--base", "meta-llama/Llama-2-7b-hf")["4,194,304"] == "holds"


def test_a_base_that_cannot_be_counted(right, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text('{"model_type": "unheard-of"}', encoding="utf-8")
    with pytest.raises(UserError, match="No closed form"):
        run(right, "--study", "none", "--base", base)
    with pytest.raises(UserError):
        run(right, "--base", tmp_path / "nowhere.json")


def test_a_variant_that_is_named_judges_any_text(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("LoRA trains 18M trainable parameters.", encoding="utf-8")
    said = json.loads(run(path, "--variant", "seven-modules", "--format", "json").stdout)
    (number,) = [each for each in said["findings"] if each["kind"] == "number"]
    assert number["verdict"] == "holds when rounded"


def test_a_file_that_cannot_be_written_stops_no_other(wrong, right, monkeypatch):
    from paper_repro import whole

    def full(text, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole, "write", full)
    done = run(wrong, right, "--fix", "--format", "json")
    said = json.loads(done.stdout)
    assert done.exit_code == 2 and "No space left" in said["files"][0]["problem"]
    assert said["files"][1]["problem"] == "" and wrong.read_text(encoding="utf-8") == WRONG


@pytest.mark.parametrize(
    "words",
    [
        ["--variant", "none-such"],
        ["--study", "none", "--variant", "stated"],
        ["--variant", "stated", "--record", shipped("spatial")],
    ],
)
def test_options_that_do_not_fit(right, words):
    with pytest.raises(UserError):
        run(right, *words)


def test_a_run_that_was_recorded_judges_the_text(tmp_path):
    folder, path = shipped("spatial"), tmp_path / "a.md"
    facts = of_record(load_study(), read_record(folder / "record.json"), "record.json")
    text = render(compose(facts, "paragraph"), "md", parted=False)

    def said(words):
        path.write_text(words, encoding="utf-8")
        done = json.loads(run(path, "--record", folder, "--format", "json").stdout)
        assert "variant stated" in done["files"][0]["judged_by"]
        return {each["text"]: each["verdict"] for each in done["findings"]}

    right = said(text)
    assert right["57,344"] == right["2,400"] == right["1,050"] == "holds"
    assert "contradicted" not in right.values()
    wrong = said(
        text.replace("57,344", "58,344").replace("2,400", "2,401").replace("1,050", "1,051")
    )
    assert wrong["58,344"] == wrong["2,401"] == wrong["1,051"] == "contradicted"
    more = said(
        "LoRA training took 0.02 h for 7 epochs. Training ran for 5 epochs. The data set has 3,200 "
        "rows in total."
    )
    assert more["7"] == more["3,200"] == "holds" and more["5"] == "contradicted"
    assert more["0.02 h"] == "holds when rounded"


@pytest.mark.parametrize("form", ["md", "tex", "html", "txt"])
def test_texts_of_methods_hold(tmp_path, form):
    study = load_study()
    for variant in study.variants:
        for length in LENGTHS:
            text = render(compose(of_variant(study, variant), length), form, parted=False)
            path = tmp_path / f"{variant.id}-{length}.{form}"
            path.write_text(text, encoding="utf-8")
            said = json.loads(run(path, "--format", "json").stdout)
            assert [f for f in said["findings"] if f["severity"] != "note"] == []
            assert len(said["findings"]) >= 6


def test_the_hook_runs_this_command_on_manuscripts():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"] == "python -m paper_repro check"
    from paper_repro.manuscript.readers import SUFFIXES

    for suffix in SUFFIXES:
        assert re.search(hook["files"], f"docs/paper{suffix}")
    assert not re.search(hook["files"], "setup.py")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit takes hooks from a clone")
def test_pre_commit_itself_runs_the_hook(tmp_path):
    files = {"paper.md": "We retrained it with LoRA.", "good.md": "It is a plain text.", "a.py": ""}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(
        f"repos: [{{repo: '{ROOT}', rev: HEAD, hooks: [{{id: paper-repro-check}}]}}]"
    )
    env = os.environ | {
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "add", "paper.md", "good.md", "a.py"], check=True)
    command = [sys.executable, "-m", "pre_commit", "run", "-a", "-c", "config.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "retrained" in done.stdout and "1:4" in done.stdout
    assert "a.py" not in done.stdout
    subprocess.run(["git", "-C", tmp_path, "rm", "-qf", "paper.md"], check=True)
    assert subprocess.run(command, cwd=tmp_path, env=env, capture_output=True).returncode == 0
