"""Which findings decide a claim, when they disagree, and how results read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from paper_repro.judging import Interval, Key, Value, Verdict
from paper_repro.study import Claim, Study, load_study
from paper_repro.verify.display import display, jsonable
from paper_repro.verify.finding import Evidence, Finding, Stage, Subject
from paper_repro.verify.result import ClaimResult, StageResult
from paper_repro.verify.settle import fill, gather, settle

COUNT = Subject("trainable.parameters")


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study()


@pytest.fixture
def claim(study: Study) -> Claim:
    return study.claim("L2.trainable.count")


def finding(value: Value, variant: str = "stated", stage: Stage = Stage.ARITHMETIC) -> Finding:
    evidence = Evidence.DERIVED if stage is Stage.ARITHMETIC else Evidence.INSTANTIATED
    return Finding(COUNT, Key(variant), value, "how", evidence, stage)


def stages(**status: str) -> dict[Stage, StageResult]:
    return {
        stage: StageResult.model_validate(
            {
                "name": stage,
                "status": status.get(stage, "not selected"),
                "reason": "because",
                "command": "",
            }
        )
        for stage in Stage
    }


def settled(study: Study, claim: Claim, found: list[Finding], **status: str) -> ClaimResult:
    return settle(study, claim, gather(found), stages(**status), None)


def test_no_deciding_stage_ran_is_not_checked_with_the_reason(study: Study, claim: Claim) -> None:
    result = settled(study, claim, [], train="ran")
    assert result.verdict is Verdict.NOT_CHECKED
    assert result.reason == "because"
    assert not result.changed


def test_a_stage_that_does_not_decide_is_not_heard(study: Study, claim: Claim) -> None:
    decided = claim.model_copy(update={"decided_by": ("arithmetic",)})
    found = [finding(4_358_144), finding(1, stage=Stage.TRAIN)]
    result = settled(study, decided, found, arithmetic="ran", train="ran")
    assert result.verdict is Verdict.CONTRADICTED
    assert result.found == 4_358_144
    assert result.stages == ["arithmetic"]


def test_two_stages_must_agree(study: Study, claim: Claim) -> None:
    found = [finding(4_358_144), finding(4_358_145, stage=Stage.INSTANTIATE)]
    result = settled(study, claim, found, arithmetic="ran", instantiate="ran")
    assert result.verdict is Verdict.CHECK_FAILED
    assert "4,358,144" in result.reason
    assert "4,358,145" in result.reason
    assert result.changed


def test_every_deciding_stage_that_ran_must_speak(study: Study, claim: Claim) -> None:
    result = settled(study, claim, [finding(4_358_144)], arithmetic="ran", instantiate="ran")
    assert result.verdict is Verdict.CHECK_FAILED
    assert "instantiate" in result.reason


def test_a_failed_stage_fails_its_claims(study: Study, claim: Claim) -> None:
    found = [finding(4_358_144)]
    result = settled(study, claim, found, arithmetic="ran", instantiate="failed")
    assert result.verdict is Verdict.CHECK_FAILED


def test_an_error_in_a_finding_fails_the_check(study: Study, claim: Claim) -> None:
    broken = replace(finding(0), error="it broke")
    result = settled(study, claim, [broken], arithmetic="ran")
    assert result.verdict is Verdict.CHECK_FAILED
    assert "it broke" in result.reason
    assert result.found is None


def test_another_variant_reconciles(study: Study, claim: Claim) -> None:
    found = [finding(4_358_144), finding(18_464_768, "seven-modules"), finding(3, "notebook")]
    result = settled(study, claim, found, arithmetic="ran")
    assert result.verdict is Verdict.CONTRADICTED
    assert result.reconciles == ["variant seven-modules: 18,464,768 parameters"]
    assert {id: variant.verdict for id, variant in result.by_variant.items()} == {
        "notebook": Verdict.CONTRADICTED,
        "stated": Verdict.CONTRADICTED,
        "seven-modules": Verdict.HOLDS_ROUNDED,
    }


def measured(value: Value) -> Finding:
    found = replace(finding(value, stage=Stage.RECORD), evidence=Evidence.MEASURED)
    return replace(found, speaks_as=(Stage.TRAIN, Stage.GPU))


def test_a_record_speaks_where_train_or_gpu_may(study: Study, claim: Claim) -> None:
    found = [finding(4_358_144), measured(4_358_144)]
    result = settled(study, claim, found, arithmetic="ran", record="ran")
    assert (result.stages, result.evidence) == (["arithmetic", "record"], "measured here")
    decided = claim.model_copy(update={"decided_by": ("arithmetic",)})
    result = settled(study, decided, found, arithmetic="ran", record="ran")
    assert (result.stages, result.evidence) == (["arithmetic"], "derived")


def test_a_record_may_find_what_another_stage_leaves_open(study: Study, claim: Claim) -> None:
    found = [finding(None), measured(18_000_000)]
    result = settled(study, claim, found, arithmetic="ran", record="ran")
    assert (result.verdict, result.found) == (Verdict.HOLDS, 18_000_000)


@pytest.mark.parametrize(("low", "verdict"), [(10**6, "contradicted"), (10**7, "check failed")])
def test_a_record_may_lie_within_a_bound_and_not_outside(
    study: Study, claim: Claim, low: int, verdict: str
) -> None:
    found = [finding(Interval(Fraction(low), None)), measured(4_358_144)]
    assert settled(study, claim, found, arithmetic="ran", record="ran").verdict == verdict


def test_stages_that_are_no_records_must_find_the_very_same(study: Study, claim: Claim) -> None:
    found = [finding(Interval(Fraction(1), None)), finding(5, stage=Stage.INSTANTIATE)]
    result = settled(study, claim, found, arithmetic="ran", instantiate="ran")
    assert result.verdict is Verdict.CHECK_FAILED


def test_a_record_alone_need_not_speak(study: Study, claim: Claim) -> None:
    result = settled(study, claim, [], record="ran")
    assert result.verdict is Verdict.NOT_CHECKED
    assert result.reason == "the records given do not measure it"


def test_hub_beats_the_authors_log(study: Study, claim: Claim) -> None:
    decided = claim.model_copy(update={"decided_by": ("arithmetic", "hub")})
    found = [
        replace(finding(18_000_000), evidence=Evidence.LOG),
        replace(finding(4_358_144), evidence=Evidence.HUB, stage=Stage.HUB),
    ]
    result = settled(study, decided, found, arithmetic="ran", hub="ran")
    assert result.found == 4_358_144
    assert result.evidence == "read from the hub"
    assert result.stages == ["arithmetic", "hub"]


def test_explanations_are_filled_from_findings() -> None:
    table = gather([finding(4_358_144)])
    text = fill("trains {trainable.parameters||stated}, not {trainable.parameters||x}", table)
    assert text == "trains 4,358,144 parameters, not [not checked]"


@pytest.mark.parametrize(
    ("value", "unit", "text", "json"),
    [
        (18_464_768, "parameters", "18,464,768 parameters", 18_464_768),
        (Fraction(1, 3), "percent", "0.3333 %", 1 / 3),
        (True, "truth", "yes", True),
        (None, "hours", "open", None),
        (2024, "year", "2024", 2024),
        (frozenset({"b", "a"}), "names", "a, b", ["a", "b"]),
        (Interval(Fraction(1), Fraction(3)), "days", "1 to 3 days", {"low": 1.0, "high": 3.0}),
        (Interval(Fraction(1), None), "days", "at least 1 days", {"low": 1.0, "high": None}),
    ],
)
def test_values_read_well(value: Value, unit: str, text: str, json: object) -> None:
    assert display(value, unit) == text
    assert jsonable(value) == json
