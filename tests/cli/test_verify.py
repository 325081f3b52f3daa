"""``verify`` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.verify.result import Report

ARITHMETIC = ["verify", "--stage", "arithmetic"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paper_repro", *words],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=120,
    )


def test_arithmetic_prints_every_claim_and_the_closing_line() -> None:
    result = run(*ARITHMETIC)
    assert result.exit_code == 0
    assert "L2.trainable.count" in result.stdout
    assert "exit 0 means unchanged since review, not" in result.stdout


def test_json_is_the_published_form() -> None:
    result = run(*ARITHMETIC, "--format", "json")
    assert result.exit_code == 0
    report = Report.model_validate_json(result.stdout)
    assert report.study == "pitvqa"
    claim = next(claim for claim in report.claims if claim.id == "L2.trainable.count")
    assert claim.found == 4_358_144
    assert claim.verdict == "contradicted"
    assert claim.command == "python -m paper_repro verify --only L2.trainable.count"


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("a.html", "b.html"):
        assert run(*ARITHMETIC, "--format", "html", "--output", str(tmp_path / name)).exit_code == 0
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    lines = [text.splitlines() for text in texts]
    different = [pair for pair in zip(*lines, strict=True) if pair[0] != pair[1]]
    assert len(different) <= 2, different


@pytest.mark.parametrize("format", ["json", "markdown", "html", "text"])
def test_output_goes_to_a_file(format: str, tmp_path: Path) -> None:
    target = tmp_path / "report"
    result = run(*ARITHMETIC, "--format", format, "--output", str(target))
    assert result.exit_code == 0
    assert "L2.trainable.count" in target.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("ending", "begins"), [("json", "{"), ("md", "# "), ("html", "<!doctype html>"), ("txt", "")]
)
def test_the_ending_of_a_file_names_its_form(ending: str, begins: str, tmp_path: Path) -> None:
    target, other = tmp_path / f"report.{ending}", tmp_path / "other"
    forms = {"json": "json", "md": "markdown", "html": "html", "txt": "text"}
    run(*ARITHMETIC, "--output", str(target))
    run(*ARITHMETIC, "--format", forms[ending], "--output", str(other))
    text = target.read_text(encoding="utf-8")
    assert text.lower().startswith(begins)
    assert len(text.splitlines()) == len(other.read_text(encoding="utf-8").splitlines())


def test_strict_exits_3_when_a_claim_is_contradicted() -> None:
    assert run(*ARITHMETIC, "--strict").exit_code == 3


def test_only_shows_one_claim_in_full() -> None:
    result = run(*ARITHMETIC, "--only", "L2.trainable.count")
    assert result.exit_code == 0
    assert "python -m paper_repro verify --only L2.trainable.count" in result.stdout
    assert "seven-modules" in result.stdout
    assert "L1.adapter.count" not in result.stdout


def test_only_takes_patterns(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    run(*ARITHMETIC, "--only", "L2.hours*", "--only", "L2.modules", "--output", str(target))
    ids = {claim["id"] for claim in json.loads(target.read_text(encoding="utf-8"))["claims"]}
    assert len(ids) > 2 and "L2.modules" in ids
    assert all(id.startswith("L2.hours") or id == "L2.modules" for id in ids)


def test_only_command_of_every_claim_runs_its_stages() -> None:
    report = Report.model_validate_json(run(*ARITHMETIC, "--format", "json").stdout)
    for claim in report.claims:
        if claim.verdict == "not checked":
            assert claim.reason
        assert f"--only {claim.id}" in claim.command


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "--only", "L9.nothing"], "no claim 'L9.nothing'"),
        (["verify", "--study", "/nonexistent"], "cannot be read"),
        (["count", "Qwen/Qwen2-VL-2B-Instruct", "--lora", "r=16"], "adapter cannot be read"),
        (
            ["count", "Qwen/Qwen2-VL-2B-Instruct", "--lora", "r=16,targets=query"],
            "matches no layer",
        ),
        (["explain", "eighteen"], "not a count of parameters"),
        (["doctor", "/nonexistent/adapter"], "no folder on this machine"),
    ],
)
def test_bad_input_is_a_user_error_with_a_next_command(words: list[str], sentence: str) -> None:
    result = run(*words)
    assert isinstance(result.exception, UserError)
    assert sentence in str(result.exception)
    assert "expected:" in str(result.exception)
    assert "next:     " in str(result.exception)


def test_a_user_error_exits_2_on_standard_error_without_a_traceback() -> None:
    finished = process("verify", "--only", "L9.nothing")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    assert "expected:" in finished.stderr


def test_a_library_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None")
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_layer": 1}')
    finished = process("count", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert finished.returncode == 2
    assert "pip install paper-repro" in finished.stderr and "Traceback" not in finished.stderr


def test_an_unwritable_output_exits_2_before_anything_is_run_or_written(tmp_path: Path) -> None:
    finished = process(*ARITHMETIC, "--output", str(tmp_path / "none" / "report.txt"))
    assert finished.returncode == 2
    assert "report.txt could not be written" in finished.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_reader_that_leaves_is_status_2_and_no_noise(format: str) -> None:
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "paper_repro", *ARITHMETIC, "--format", format]
    try:
        finished = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write)
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr and "BrokenPipe" not in finished.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("words", [[*ARITHMETIC, "--format", "json"], ["schema", "report"]])
def test_standard_output_on_a_full_disk_is_one_sentence(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "paper_repro", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr and "No space left" in finished.stderr


@pytest.mark.parametrize(
    "words",
    [
        *([*ARITHMETIC, "--format", format] for format in ("json", "markdown", "html")),
        ["count", "Qwen/Qwen2-VL-2B-Instruct", "--lora", "r=1,targets=q_proj", "--json"],
    ],
)
def test_documents_are_utf_8_whatever_the_terminal_speaks(words: list[str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "paper_repro", *words],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    )
    assert finished.returncode == 0, finished.stderr
    assert not finished.stdout.decode("utf-8").isascii()


def test_help_and_arithmetic_never_import_torch() -> None:
    for words in (["--help"], ["verify", "--help"], ARITHMETIC, ["explain", "18M"]):
        finished = process(*words, PYTHONPROFILEIMPORTTIME="1")
        assert finished.returncode == 0
        imported = {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}
        assert imported & {"typer", "typer.main"}
        assert not imported & {"torch", "transformers", "peft", "numpy"}, words


def test_interrupting_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    running = subprocess.Popen(
        [sys.executable, "-m", "paper_repro", "verify", "--output", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("instantiate"):
            break
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.endswith("Interrupted.\n") and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_another_study_runs(tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples"
    for folder in sorted(study.parent for study in examples.glob("*/study.toml")):
        result = run(*ARITHMETIC, "--study", str(folder), "--format", "json")
        report = json.loads(result.stdout)
        assert result.exit_code == 0
        assert report["study"] != "pitvqa"
        assert f"--study {folder}" in report["claims"][0]["command"]
