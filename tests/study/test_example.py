"""A study of another base, with one level and other numbers, is checked by the same code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from paper_repro.judging import Verdict
from paper_repro.study import Study, load_study
from paper_repro.verify.finding import DEFAULT_STAGES, Stage
from paper_repro.verify.result import Report
from paper_repro.verify.run import exit_code, verify

FOLDER = Path(__file__).parents[2] / "examples" / "library-questions"


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(FOLDER)


@pytest.fixture(scope="module")
def report(study: Study) -> Report:
    return verify(study, DEFAULT_STAGES, folder=FOLDER)


def test_every_verdict_is_the_reviewed_one(report: Report) -> None:
    assert [stage.status for stage in report.stages[:3]] == ["ran", "ran", "ran"]
    assert {c.id: c.verdict for c in report.claims} == {c.id: c.reviewed for c in report.claims}
    assert exit_code(report) == 0
    assert exit_code(report, strict=True) == 3


def test_it_shows_every_verdict_that_checks_can_reach(report: Report) -> None:
    assert {claim.verdict for claim in report.claims} == {
        Verdict.HOLDS,
        Verdict.HOLDS_ROUNDED,
        Verdict.HOLDS_CONVENTION,
        Verdict.CONTRADICTED,
    }


def test_its_counts_are_those_of_its_own_base(report: Report) -> None:
    found = {claim.id: claim.found for claim in report.claims}
    layers, hidden, keys, r = 24, 896, 128, 8
    assert found["L1.trainable.count"] == layers * r * ((hidden + hidden) + (hidden + keys))
    assert found["L0.base.count"] == 494_032_768


def test_commands_name_its_folder(report: Report) -> None:
    assert all(f"--study {FOLDER}" in claim.command for claim in report.claims)


def test_it_says_that_it_is_invented(study: Study) -> None:
    assert "invented" in study.title and "invented" in study.document.title


def test_a_number_changed_in_it_is_noticed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "study"))
    training = (folder / "training.toml").read_text(encoding="utf-8")
    (folder / "training.toml").write_text(training.replace("r = 8", "r = 4"), encoding="utf-8")
    report = verify(load_study(folder), [Stage.ARITHMETIC])
    changed = {claim.id for claim in report.claims if claim.changed}
    assert changed == {
        "L1.trainable.count",
        "L1.trainable.percent",
        "L1.trainable.percent-of-model",
    }
    assert exit_code(report) == 1
