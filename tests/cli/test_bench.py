"""``bench`` from the command line, on a CPU: the miniature, its record, and what is said of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from paper_repro.bench.record import read
from paper_repro.cli import app
from paper_repro.cli.bench import show
from paper_repro.errors import UserError
from paper_repro.study import load_study

ROOT = Path(__file__).parents[2]
CARD = ROOT / "benchmarks" / "records" / "bench-h100-224x224.json"


def run(*words):
    return CliRunner().invoke(app, ["bench", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "bench.json"
    return run("--seconds", 1, "--out", out), out


def test_without_a_card_the_miniature_is_timed_and_says_nothing_of_a_t4(done):
    result, out = done
    found, said = read(out), " ".join(result.output.split())
    assert result.exit_code == 0
    assert found.size == "mini" and found.device == "cpu" and not found.card and not found.traps
    assert found.ways.keys() == {"default", "notebook", "notebook-today"} and not found.failed
    assert "the miniature with random weights, frames of 112 × 112" in said
    assert "which decides nothing: the miniature on a CPU says nothing of an NVIDIA T4" in said
    assert "L2.hours, “6-8 hours”: underdetermined." in said
    assert "verify --record" in said
    for way in found.ways.values():
        assert f"{float(f'{way.hours:.2g}'):,.10g}" in said
    assert found.ways["notebook-today"].tower_differentiated
    assert not found.ways["notebook"].tower_differentiated


def test_its_record_is_taken_by_verify_and_changes_no_verdict(done):
    words = ["verify", "--stage", "arithmetic", "--only", "L2.hours", "--record", str(done[1])]
    result = CliRunner().invoke(app, [*words, "--format", "json"], catch_exceptions=False)
    claim = json.loads(result.stdout)["claims"][0]
    assert result.exit_code == 0 and claim["verdict"] == claim["reviewed"] == "underdetermined"
    assert "record" in claim["stages"] and "the miniature on a CPU" in claim["formula"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--image", "small"], "such as 224x224"),
        (["--variant", "other"], "stated"),
        (["--out", "/nowhere/bench.json"], "No such file or directory"),
        (["--out", "."], "something there that is not a file"),
    ],
)
def test_what_cannot_be_is_refused_at_once(words, said):
    with pytest.raises(UserError) as caught:
        run(*words)
    assert said in str(caught.value)


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    words = [sys.executable, "-m", "paper_repro", "bench", "--out", str(tmp_path / "bench.json")]
    own = tmp_path / "temporary"
    own.mkdir()
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(own)},
    )  # fmt: skip
    for line in process.stderr:
        if "notebook's cells" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "Interrupted" in error and not out
    assert not (tmp_path / "bench.json").exists() and not list(own.glob("paper-repro-*"))


def printed(capsys, folder):
    """What the record of a card is shown as."""
    shutil.copy(CARD, folder / "bench.json")
    show(load_study(), read(CARD), Path("bench.json"))
    return capsys.readouterr().out


def test_the_readme_shows_what_a_card_printed(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"\$ python -m paper_repro bench --image 224x224\n(.*?)\n```", readme, re.S)
    shown = printed(capsys, tmp_path)
    assert [line.rstrip() for line in shown.strip().splitlines()] == block[1].splitlines()


def test_of_a_card_all_figures_and_traps_are_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = " ".join(printed(capsys, tmp_path).split())
    bench = read(CARD)
    for way in bench.ways.values():
        assert f"{way.peak_bytes / 2**30:.1f} GiB" in said
        assert not way.kernels or f"{way.kernels:,}" in said
    for predicted in bench.predicted.values():
        assert f"{predicted.memory_bytes / 2**30:.1f} GiB" in said
    assert all(trap.name in said for trap in bench.traps)
    assert "the study names the NVIDIA T4, for which the estimate is" in said
