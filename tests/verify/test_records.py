"""Records as evidence: which are refused, what the others say, and for which claims it counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.judging import Interval, Verdict
from paper_repro.study import Study, load_study
from paper_repro.verify.finding import Finding, Stage
from paper_repro.verify.records import read_run
from paper_repro.verify.result import ClaimResult, Report
from paper_repro.verify.run import exit_code, load_stage, verify
from paper_repro.verify.stages.record import reading
from tests.verify.test_mutation import Everything
from tests.verify.written_records import bent, record, written

ARITHMETIC = (Stage.ARITHMETIC, Stage.RECORD)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study()


def beside(
    study: Study,
    folder: Path,
    *given: dict[str, Any],
    stages: tuple[Stage, ...] = ARITHMETIC,
    only: tuple[str, ...] = (),
) -> Report:
    """The claims laid beside these records."""
    runs = [read_run(written(one, folder / str(i)), study) for i, one in enumerate(given)]
    return verify(
        study,
        stages,
        only=only,
        load=lambda stage: reading(runs) if stage is Stage.RECORD else load_stage(stage),
    )


def said(study: Study, folder: Path, *given: dict[str, Any]) -> dict[tuple[str, str], Finding]:
    """All that these records say, by quantity and variant."""
    runs = [read_run(written(one, folder / str(i)), study) for i, one in enumerate(given)]
    found = reading(runs)(study, Everything(), lambda _: None)
    return {(finding.subject.quantity, finding.key.variant): finding for finding in found}


def claim(report: Report, id: str) -> ClaimResult:
    return next(claim for claim in report.claims if claim.id == id)


def test_a_full_record_is_measured_evidence_and_changes_no_reviewed_verdict(
    study: Study, tmp_path: Path
) -> None:
    report = beside(study, tmp_path, bent(record(), "hardware.name", "NVIDIA H200"))
    assert exit_code(report) == 0
    for id in ("L0.frozen", "L0.frozen.count", "L1.frozen.diagram", "L2.trainable.count"):
        result = claim(report, id)
        assert result.evidence == "measured here", id
        assert "record" in result.stages, id
        assert f"{tmp_path / '0' / 'record.json'}" in result.formula, id
        assert "2026-11-24, NVIDIA H200" in result.formula, id
        assert result.verdict is result.reviewed, id
    assert claim(report, "L2.trainable.count").found == 4_358_144


@pytest.mark.parametrize("variant", ["stated", "seven-modules", "notebook"])
def test_it_agrees_with_the_arithmetic_at_its_own_variant(
    study: Study, tmp_path: Path, variant: str
) -> None:
    report = beside(study, tmp_path, record(variant))
    assert [claim.id for claim in report.claims if claim.verdict is Verdict.CHECK_FAILED] == []
    at = claim(report, "L2.trainable.count").by_variant[variant]
    assert "record.json" in at.formula


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        (
            {"counts.trainable": 18_464_768, "trail": [["adapters put on", 18_464_768]]},
            "L2.trainable.count",
        ),
        ({"times.seconds": 360.0}, "L2.hours"),
    ],
)
def test_a_record_that_contradicts_another_stage_fails_the_check(
    study: Study, tmp_path: Path, changes: dict[str, Any], id: str
) -> None:
    other = record(study.claim(id).variant)
    for place, value in changes.items():
        other = bent(other, place, value)
    result = claim(beside(study, tmp_path, other), id)
    assert result.verdict is Verdict.CHECK_FAILED
    assert "record found" in result.reason and "arithmetic found" in result.reason


def test_a_base_that_moved_turns_the_claim(study: Study, tmp_path: Path) -> None:
    moved = bent(bent(record(), "base_changed", 3), "hashes.base_after", "f" * 64)
    report = beside(study, tmp_path, moved)
    assert claim(report, "L0.frozen").verdict is Verdict.CONTRADICTED
    assert claim(report, "L0.frozen").changed
    assert "3 differ" in claim(report, "L0.frozen").formula
    assert ("base.trainable", "stated") not in said(study, tmp_path, moved)


def test_a_lower_level_that_moved_turns_its_claims(study: Study, tmp_path: Path) -> None:
    moved = bent(bent(record(), "earlier_changed", 5), "hashes.earlier_after", "f" * 64)
    found = said(study, tmp_path, moved)
    assert found["lower.unchanged", "stated"].value is False
    assert found["lower.trainable", "stated"].value is True
    assert found["trainable.only", "stated"].value is False


def test_a_run_that_trained_nothing_is_not_only_the_newest(study: Study, tmp_path: Path) -> None:
    idle = bent(record(), "hashes.newest_after", "c" * 64)
    assert said(study, tmp_path, idle)["trainable.only", "stated"].value is False


def test_a_miniature_says_nothing_of_true_sizes(study: Study, tmp_path: Path) -> None:
    found = said(study, tmp_path, record("stated", "mini"))
    assert {quantity for quantity, _ in found} == {
        "base.unchanged",
        "base.trainable",
        "lower.unchanged",
        "lower.trainable",
        "trainable.only",
    }
    assert all("miniature, drawn frames" in finding.formula for finding in found.values())
    report = beside(study, tmp_path, record("stated", "mini"))
    assert claim(report, "L0.frozen").evidence == "measured here"
    assert claim(report, "L0.frozen.count").verdict is Verdict.NOT_CHECKED
    assert claim(report, "L2.trainable.count").stages == ["arithmetic"]


def test_the_notebooks_earlier_level_is_told_by_bytes_alone(study: Study, tmp_path: Path) -> None:
    """Its tensors differ by re-initialisation too, so a change is no proof of training."""
    found = said(study, tmp_path, record("notebook"))
    assert found["lower.unchanged", "notebook"].value is False
    assert ("lower.trainable", "notebook") not in found
    assert ("trainable.only", "notebook") not in found


def test_one_adapter_alone_has_no_earlier_level(study: Study, tmp_path: Path) -> None:
    found = said(study, tmp_path, record("seven-modules"))
    assert not {quantity for quantity, _ in found if quantity.startswith("lower.")}
    assert found["trainable.only", "seven-modules"].value is True


def test_hours_on_the_named_card_decide(study: Study, tmp_path: Path) -> None:
    at = study.claim("L2.hours").variant
    result = claim(beside(study, tmp_path, record(at)), "L2.hours")
    assert result.verdict is Verdict.HOLDS
    assert (result.found, result.evidence) == (7.2, "measured here")
    slow = bent(record(at), "times.seconds", 36_000.0)
    result = claim(beside(study, tmp_path, slow), "L2.hours")
    assert (result.verdict, result.found) == (Verdict.CONTRADICTED, 10)


def test_two_timed_runs_are_a_span(study: Study, tmp_path: Path) -> None:
    at = study.claim("L2.hours").variant
    other = bent(record(at), "times.seconds", 27_000.0)
    hours = said(study, tmp_path, record(at), other)["run.hours", at].value
    assert hours == Interval(Fraction(36, 5), Fraction(15, 2))


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        ("hardware.name", "NVIDIA H200", "the study names the NVIDIA T4"),
        ("hardware.name", "NVIDIA T400", "the study names the NVIDIA T4"),
        ("resumed_at", [3], "interrupted and resumed"),
        ("settings.epochs", 1, "epochs was 1, the study has 3"),
        ("settings.batch", 16, "batch was 16"),
        ("settings.max_steps", 6, "stopped after 6 steps"),
        ("data.rows.train", 100, "it read 100 rows, the study has 9,125"),
    ],
)
def test_hours_of_another_run_are_told_and_decide_nothing(
    study: Study, tmp_path: Path, place: str, value: Any, why: str
) -> None:
    at = study.claim("L2.hours").variant
    report = beside(study, tmp_path, bent(record(at), place, value))
    result = claim(report, "L2.hours")
    assert result.verdict is Verdict.UNDERDETERMINED
    assert result.evidence == "derived"
    assert result.formula.endswith(why) or why in result.formula
    assert "7.20 h, which decides nothing" in result.formula
    assert "[not checked]" not in result.explanation and "take open" not in result.explanation


def test_steps_are_told_of_the_whole_run_only(study: Study, tmp_path: Path) -> None:
    assert said(study, tmp_path, record())["run.steps", "stated"].value == 6
    part = bent(record(), "settings.max_steps", 6)
    assert ("run.steps", "stated") not in said(study, tmp_path, part)


def test_claims_that_a_record_does_not_measure_say_so(study: Study, tmp_path: Path) -> None:
    report = beside(study, tmp_path, record("seven-modules"), stages=(Stage.RECORD,))
    result = claim(report, "L0.frozen")
    assert result.verdict is Verdict.NOT_CHECKED
    assert result.reason == "the records given do not measure it"
    assert set(result.by_variant) == {"seven-modules"}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "interrupted": ("status", "interrupted", "not finished"),
    "failed": ("status", "failed", "not finished"),
    "running": ("status", "running", "not finished"),
    "another schema": ("schema", "paper_repro.record/2", "paper_repro.record/1"),
    "Level 1": ("settings.level", 1, "Level 1"),
    "another size": ("settings.size", "medium", "medium"),
    "an unknown variant": ("variant", "imagined", "imagined"),
    "another procedure": ("procedure", "single", "single"),
    "another base": ("counts.base", 494_032_768, "494,032,768"),
    "a loss too few": ("losses", [1.0] * 5, "5 for 6 steps"),
    "a learning rate too many": ("learning_rates", [1.0] * 7, "7 for 6 steps"),
    "no steps": ("steps", 0, "for 0 steps"),
    "a loss that is no number": ("losses", [float("nan")] * 6, "finite"),
    "more trained than there is": ("counts.trainable", 10**10, "counts that fit"),
    "a trail of another count": ("trail", [["adapters put on", 5]], "end of the trail"),
    "a change without another hash": ("base_changed", 2, "hashes of base"),
    "another hash without a change": ("hashes.base_after", "f" * 64, "hashes of base"),
    "an earlier change unseen": ("earlier_changed", 2, "hashes of earlier"),
    "nothing hashed": ("base_tensors", 0, "hashes of the base's tensors"),
    "no time": ("times.seconds", 0.0, "a time above zero"),
    "no counts": ("counts", {}, "cannot"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_evidence_is_refused(study: Study, tmp_path: Path, name: str) -> None:
    place, value, words = REFUSED[name]
    folder = written(bent(record(), place, value), tmp_path)
    with pytest.raises(UserError) as caught:
        read_run(folder, study)
    assert words in str(caught.value)
    assert "python -m paper_repro" in caught.value.next_command


def test_a_miniature_may_have_a_base_of_its_own(study: Study, tmp_path: Path) -> None:
    assert not read_run(written(record("stated", "mini"), tmp_path), study).is_full


def test_the_command_takes_folders_and_files(tmp_path: Path) -> None:
    folder = written(bent(record(), "hardware.name", "NVIDIA H200"), tmp_path / "run")
    for path in (folder, folder / "record.json"):
        words = ["verify", "--stage", "arithmetic", "--record", str(path), "--format", "json"]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        report = Report.model_validate_json(result.stdout)
        assert claim(report, "L0.frozen").evidence == "measured here"
        assert [s.status for s in report.stages if s.name == "record"] == ["ran"]


def test_the_command_refuses_before_any_stage_runs(tmp_path: Path) -> None:
    folder = written(bent(record(), "status", "interrupted"), tmp_path / "run")
    result = CliRunner().invoke(app, ["verify", "--record", str(folder)])
    assert isinstance(result.exception, UserError)
    assert "--resume" in result.exception.next_command
    assert result.stdout == ""


def test_a_folder_without_a_record_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["verify", "--record", str(tmp_path)])
    assert isinstance(result.exception, UserError)


def test_without_records_the_stage_names_the_command(study: Study) -> None:
    report = verify(study, [Stage.RECORD], only=["L0.frozen"])
    assert report.claims[0].verdict is Verdict.NOT_CHECKED
    assert "no record" in report.claims[0].reason
    for stages in ((Stage.RECORD,), (Stage.ARITHMETIC,)):
        report = verify(study, stages, only=["L0.frozen"])
        assert report.stages[-1].command == "python -m paper_repro verify --record DIR"
