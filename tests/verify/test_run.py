"""The run loop: selection, stages that break or cannot run, exit status, the closing line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.judging import Verdict
from paper_repro.study import Study, load_study
from paper_repro.verify.finding import (
    Finding,
    Progress,
    Stage,
    StageRunner,
    StageUnavailable,
    Wanted,
)
from paper_repro.verify.run import exit_code, load_stage, verify

ARITHMETIC = (Stage.ARITHMETIC,)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study()


def breaking(_: Study, __: Wanted, ___: Progress) -> Iterator[Finding]:
    raise ZeroDivisionError("it broke")


def unavailable(_: Study, __: Wanted, ___: Progress) -> Iterator[Finding]:
    raise StageUnavailable("no such card here", "the command")


def without(stage: Stage, runner: StageRunner) -> object:
    return lambda name: runner if name is stage else load_stage(name)


def test_arithmetic_alone_reaches_the_reviewed_verdicts(study: Study) -> None:
    report = verify(study, ARITHMETIC)
    assert [claim.id for claim in report.claims if claim.changed] == []
    assert exit_code(report) == 0
    assert sum(report.summary.values()) == len(study.claims)
    assert report.summary["contradicted"] > 0
    assert exit_code(report, strict=True) == 3
    for claim in report.claims:
        assert (claim.verdict is Verdict.NOT_CHECKED) == (
            "arithmetic" not in study.claim(claim.id).decided_by
        )


def test_the_same_inputs_give_the_same_report(study: Study) -> None:
    reports = [verify(study, ARITHMETIC).model_dump(exclude={"run"}) for _ in range(2)]
    assert reports[0] == reports[1]


def test_a_broken_stage_fails_its_claims_and_no_others(study: Study) -> None:
    report = verify(study, ARITHMETIC, load=lambda _: breaking)
    decided = {claim.id for claim in study.claims if "arithmetic" in claim.decided_by}
    failed = {claim.id for claim in report.claims if claim.verdict is Verdict.CHECK_FAILED}
    assert failed == decided
    assert exit_code(report) == 1
    assert "ZeroDivisionError: it broke" in report.claims[0].reason + report.closing + "".join(
        claim.reason for claim in report.claims
    )
    assert "check failed" in report.closing


def test_an_unavailable_stage_is_not_checked_and_exits_2(study: Study) -> None:
    report = verify(
        study,
        [Stage.GPU, *ARITHMETIC],
        load=lambda stage: unavailable if stage is Stage.GPU else load_stage(stage),
    )
    gpu = next(stage for stage in report.stages if stage.name == "gpu")
    decided = [claim for claim in study.claims if claim.decided_by == ("gpu",)]
    if decided:
        assert gpu.status == "unavailable"
        assert exit_code(report) == 2
        assert all(
            c.verdict is Verdict.NOT_CHECKED
            for c in report.claims
            if c.id in {d.id for d in decided}
        )


def test_an_unavailable_stage_is_named_by_its_claims_and_the_closing_line(study: Study) -> None:
    report = verify(
        study, [Stage.GPU], only=["L0.frozen", "L2.trainable.count"], load=lambda _: unavailable
    )
    assert {claim.reason for claim in report.claims} == {"no such card here"}
    assert report.closing == "0 of 2 contradicted; exit 2 because a stage could not run: gpu"


def test_nothing_checked_is_no_exit_0(study: Study) -> None:
    report = verify(study, ARITHMETIC, only=["L0.hub.exists"])
    assert (exit_code(report), exit_code(report, strict=True)) == (2, 2)
    assert "exit 2 because nothing was checked" in report.closing


def test_a_broken_stage_exits_1_even_when_it_decides_nothing(study: Study) -> None:
    report = verify(study, ARITHMETIC, only=["L0.hub.exists"], load=lambda _: breaking)
    assert exit_code(report) == 1
    assert "check failed: stage arithmetic" in report.closing


def test_strict_is_said_in_the_closing_line(study: Study) -> None:
    report = verify(study, ARITHMETIC, strict=True)
    assert exit_code(report, strict=True) == 3
    assert "exit 3" in report.closing and "exit 0" not in report.closing


def test_commands_quote_a_folder_with_a_space(study: Study) -> None:
    report = verify(study, ARITHMETIC, only=["L2.trainable.count"], folder=Path("my study"))
    for command in (report.claims[0].command, report.stages[0].command):
        assert "--study 'my study' --" in command


def test_a_stage_that_the_study_gives_nonsense_could_not_run(study: Study) -> None:
    report = verify(study.model_copy(update={"configs": {"qwen2-vl-2b": {}}}), ARITHMETIC)
    assert exit_code(report) == 2
    assert "no usable 'model_type'" in report.stages[0].reason
    assert report.summary["not checked"] == len(study.claims)


def test_a_stage_whose_library_cannot_be_imported_could_not_run(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    report = verify(study, [Stage.INSTANTIATE], only=["L2.trainable.count"])
    assert exit_code(report) == 2
    assert "needs torch" in report.claims[0].reason


def test_a_changed_verdict_exits_1_and_names_the_claim(study: Study) -> None:
    claims = tuple(
        claim.model_copy(update={"reviewed": Verdict.HOLDS})
        if claim.id == "L2.trainable.count"
        else claim
        for claim in study.claims
    )
    report = verify(study.model_copy(update={"claims": claims}), ARITHMETIC)
    assert exit_code(report) == 1
    assert "L2.trainable.count" in report.closing


def test_only_selects_and_refuses_unknown_ids(study: Study) -> None:
    report = verify(study, ARITHMETIC, only=["L2.trainable.count"])
    assert [claim.id for claim in report.claims] == ["L2.trainable.count"]
    with pytest.raises(UserError, match=r"no claim 'L2\.trainable\.cuont'") as caught:
        verify(study, ARITHMETIC, only=["L2.trainable.cuont"])
    assert "L2.trainable.count" in caught.value.expected and len(caught.value.expected) < 250


def test_closing_line_says_what_exit_0_means(study: Study) -> None:
    report = verify(study, ARITHMETIC)
    contradicted = report.summary["contradicted"]
    assert report.closing == (
        f"{contradicted} of {len(study.claims)} contradicted; "
        "exit 0 means unchanged since review, not that the paper is right"
    )
