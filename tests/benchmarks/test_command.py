"""``python -m benchmarks.speed``: a whole miniature run, records shown again, and refusals."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from benchmarks.speed.children import ROOT, read_json
from benchmarks.speed.contenders import BATCHES
from benchmarks.speed.record import completed
from paper_repro.site.inserts.speed_table import rounded
from tests.benchmarks.records import PATH, SMALLER, one, tiny


def speed(*words) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.speed", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_a_miniature_run_has_the_first_updates_that_the_references_say(tmp_path):
    path = tmp_path / "record.json"
    words = ("--tiny", "--sizes", SMALLER, "--steps", 1, "--json", path)
    done = speed(*words, "--only", "package", "notebook", "trl", "--keep", tmp_path / "kept")
    assert done.returncode == 0, done.stderr
    record = read_json(path)
    assert completed(record) == record
    for name in ("package", "notebook"):
        found = one(record, name)
        assert found["apart"]["loss"] < 1e-6 and found["apart"]["norm"] < 1e-5
        assert len(found["seconds"]) == 1 and found["step"] > 0
    assert len(one(record, "package")["warm_up"]) == BATCHES
    trl = record["contenders"]["trl"]
    assert trl.get("sizes") or "`trl` is not installed here" in trl["failed"]
    assert (tmp_path / "kept" / f"{SMALLER}.safetensors").exists()


def test_a_record_is_shown_again_without_measuring(tmp_path):
    page, figure = tmp_path / "page.md", tmp_path / "figure.svg"
    done = speed("--from", PATH, "--markdown", page, "--figure", figure)
    assert done.returncode == 0 and done.stdout.strip() == page.read_text().strip()
    ms = rounded(1e3 * one(tiny(), "package")["per_sample"])
    assert f"| package | {ms} (" in page.read_text()
    assert ElementTree.parse(figure).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "no-such-file.json"), "There is no record of this benchmark."),
        (("--merge", "no-such-file.json", "--tiny"), "There is no record of this benchmark."),
        (("--sizes", "224"), "--sizes: expected WxH such as 224x224, got 224"),
        (("--python-path", "nobody=here"), "--python-path: expected NAME=FOLDER, got nobody"),
        (("--only", "nobody"), "invalid choice: 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_measured(words, said):
    done = speed(*words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
