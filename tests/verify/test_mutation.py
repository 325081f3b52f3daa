"""Every verdict can go the other way: claims, settings and checks are broken one at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from paper_repro.judging import Interval, Key, Printed, Value, Verdict
from paper_repro.study import Claim, Study, load_study
from paper_repro.study.model import Bounds
from paper_repro.verify.finding import Finding, Progress, Stage, StageRunner, Subject, Wanted
from paper_repro.verify.result import ClaimResult, Report
from paper_repro.verify.run import load_stage, verify

HOLDING = (Verdict.HOLDS, Verdict.HOLDS_ROUNDED, Verdict.HOLDS_CONVENTION)
Checked = tuple[Report, dict[Stage, list[Finding]]]


def replaying(findings: dict[Stage, list[Finding]]) -> Any:
    """A loader of stages that say again what they once found."""

    def load(stage: Stage) -> StageRunner:
        def run(_: Study, __: Wanted, ___: Progress) -> Iterator[Finding]:
            return iter(findings[stage])

        return run

    return load


def rejudged(study: Study, claim: Claim, findings: dict[Stage, list[Finding]]) -> ClaimResult:
    """One claim's result when it reads as given, with the findings as they were."""
    changed = study.model_copy(
        update={"claims": tuple(claim if c.id == claim.id else c for c in study.claims)}
    )
    report = verify(changed, findings, only=[claim.id], load=replaying(findings))
    return report.claims[0]


def value_of(claim: Claim, result: ClaimResult, findings: dict[Stage, list[Finding]]) -> Value:
    """What was found at the key at which the claim was judged."""
    at = Key(result.variant, claim.denominator)
    return next(
        finding.value
        for name in result.stages
        for finding in findings[Stage(name)]
        if finding.subject == Subject(claim.quantity, claim.of) and finding.key == at
    )


def typed(value: int | Fraction) -> str:
    """A number as an author would type it in full."""
    exact = Fraction(value)
    return f"{exact.numerator:,}" if exact.denominator == 1 else f"{float(exact):.12f}"


def saying(claim: Claim, value: Value) -> Claim:
    """The claim, saying exactly this value."""
    if isinstance(value, bool | str):
        return claim.model_copy(update={"printed": None, "reads_as": None, "states": value})
    if isinstance(value, frozenset):
        return claim.model_copy(update={"states": tuple(sorted(value))})
    if isinstance(value, Interval):
        low, high = (None if end is None else str(end) for end in (value.low, value.high))
        words = Bounds(low=low, high=high, reason="mutation")
        return claim.model_copy(update={"reads_as": words})
    assert value is not None
    return claim.model_copy(update={"printed": typed(value), "reads_as": None})


def far_from(claim: Claim, value: Value) -> Claim:
    """The claim, saying something that this value certainly is not."""
    if isinstance(value, bool):
        return saying(claim, not value)
    if isinstance(value, str):
        return saying(claim, f"not {value}")
    if isinstance(value, frozenset):
        return saying(claim, value | {"something-else"})
    if isinstance(value, Interval):
        edge = value.high * 2 + 1 if value.high is not None else (value.low or Fraction(0)) / 2
        if value.high is None and not edge:
            return saying(claim, Fraction(0))
        return saying(claim, edge)
    assert value is not None
    return saying(claim, 3 * value + 7)


def test_every_claim_can_go_the_other_way(pitvqa: Study, checked: Checked) -> None:
    report, findings = checked
    unmoved = []
    for result in report.claims:
        claim = pitvqa.claim(result.id)
        if claim.mutation_exempt is not None:
            continue
        if result.verdict is Verdict.NOT_CHECKED:
            assert not set(claim.decided_by) & set(findings), claim.id
            continue
        value = value_of(claim, result, findings)
        if result.verdict is Verdict.CONTRADICTED:
            moved, wanted = saying(claim, value), HOLDING
        else:
            moved, wanted = far_from(claim, value), (Verdict.CONTRADICTED,)
        verdict = rejudged(pitvqa, moved, findings).verdict
        if verdict not in wanted:
            unmoved.append(f"{claim.id}: {result.verdict} → {verdict}")
    assert unmoved == []


def test_exempt_claims_are_those_that_nothing_at_hand_decides(
    pitvqa: Study, checked: Checked
) -> None:
    report, findings = checked
    for result in report.claims:
        claim = pitvqa.claim(result.id)
        if claim.mutation_exempt is not None and result.verdict is not Verdict.NOT_CHECKED:
            assert value_of(claim, result, findings) is None, claim.id
            assert len(claim.mutation_exempt) > 20, claim.id


SETTINGS_WITHOUT_EFFECT = {
    "title": "names",
    "name": "names (a PEFT adapter name changes no count)",
    "source": "says where a fact is from",
    "reference": "key of the bibliography",
    "licence": "told, not judged",
    "hub": "compared only where a claim quotes it",
    "by": "told, not judged",
    "lora_dropout": "no claim prints it",
    "learning_rate": "no claim prints it",
    "optimizer": "no claim prints it",
    "max_length": "no claim prints it",
    "level": "orders the adapters",
    "procedure": "moved by its own test below",
}


def numbers_of(study: Study) -> Iterator[tuple[str, str, str]]:
    """Every number of the study that arithmetic reads: (table, id, field)."""
    for model in study.models:
        yield "models", model.id, "nominal"
        yield "models", model.id, "year"
    for adapter in study.adapters:
        yield "adapters", adapter.id, "r"
        yield "adapters", adapter.id, "lora_alpha"
    for dataset in study.datasets:
        yield "datasets", dataset.id, "train_rows"
        yield "datasets", dataset.id, "validation_rows"


def with_field(study: Study, table: str, id: str, field: str, factor: int) -> Study:
    """The study with one number multiplied."""
    items = tuple(
        item.model_copy(update={field: getattr(item, field) * factor}) if item.id == id else item
        for item in getattr(study, table)
    )
    return study.model_copy(update={table: items})


@cache
def arithmetic_values(study_key: str = "") -> dict[tuple[Subject, Key], Value]:
    return found_by_arithmetic(load_study())


class Everything(frozenset[Subject]):
    """A ``Wanted`` that wants all."""

    def __contains__(self, subject: object) -> bool:
        return True


def found_by_arithmetic(study: Study) -> dict[tuple[Subject, Key], Value]:
    findings = load_stage(Stage.ARITHMETIC)(study, Everything(), lambda _: None)
    return {(finding.subject, finding.key): finding.value for finding in findings}


@pytest.mark.parametrize(
    ("table", "id", "field"), list(numbers_of(load_study())), ids=lambda value: str(value)
)
def test_every_number_of_the_study_feeds_a_finding(table: str, id: str, field: str) -> None:
    moved = found_by_arithmetic(with_field(load_study(), table, id, field, 2))
    before = arithmetic_values()
    assert {key for key, value in moved.items() if before[key] != value}


@pytest.mark.parametrize(
    ("field", "affected"),
    [
        ("hidden_size", "model.parameters"),
        ("intermediate_size", "model.parameters"),
        ("num_hidden_layers", "model.parameters"),
        ("num_key_value_heads", "model.parameters"),
        ("vocab_size", "model.parameters"),
    ],
)
def test_every_size_of_the_config_feeds_the_count(field: str, affected: str) -> None:
    study = load_study()
    configs = copy.deepcopy(study.configs)
    configs["qwen2-vl-2b"][field] *= 2  # type: ignore[operator]
    moved = found_by_arithmetic(study.model_copy(update={"configs": configs}))
    key = (Subject(affected, "qwen2-vl-2b"), Key())
    assert moved[key] != arithmetic_values()[key]


@pytest.mark.parametrize("field", ["batch", "accumulation", "epochs", "text_tokens"])
def test_every_training_setting_feeds_a_finding(field: str) -> None:
    study = load_study()
    variants = tuple(
        variant.model_copy(
            update={
                "settings": variant.settings.model_copy(
                    update={field: getattr(variant.settings, field) * 2}
                )
            }
        )
        for variant in study.variants
    )
    moved = found_by_arithmetic(study.model_copy(update={"variants": variants}))
    assert {key for key, value in moved.items() if arithmetic_values()[key] != value}


def broken(finding: Finding) -> Finding:
    """The finding with a value that is certainly another."""
    value = finding.value
    match value:
        case bool():
            return replace(finding, value=not value)
        case str():
            return replace(finding, value=f"not {value}")
        case frozenset():
            return replace(finding, value=value | {"something-else"})
        case Interval():
            low = Fraction(10**30) if value.high is None else value.high * 10**6 + 1
            return replace(finding, value=Interval.point(low))
        case None:
            return replace(finding, error="broken on purpose")
        case _:
            return replace(finding, value=5 * value + 1001)


def test_every_check_when_broken_turns_red(pitvqa: Study, checked: Checked) -> None:
    """For every finding that decides a claim: a wrong value, or none, is never unnoticed."""
    report, findings = checked
    unnoticed = []
    for stage, found in findings.items():
        for index, finding in enumerate(found):
            deciding = [
                result.id
                for result in report.claims
                if stage in result.stages
                and finding.subject == Subject(result.quantity, pitvqa.claim(result.id).of)
                and finding.key == Key(result.variant, result.denominator)
            ]
            for change in ([], [broken(finding)]):
                changed = {**findings, stage: [*found[:index], *change, *found[index + 1 :]]}
                if deciding and not any(
                    result.changed
                    for result in verify(
                        pitvqa, changed, only=deciding, load=replaying(changed)
                    ).claims
                ):
                    unnoticed.append((stage, finding.subject, finding.key, bool(change)))
    assert unnoticed == []


def test_the_procedure_decides_what_is_trained(pitvqa: Study) -> None:
    moved = {
        variant.procedure: found_by_arithmetic(
            pitvqa.model_copy(
                update={
                    "variants": tuple(
                        v.model_copy(update={"procedure": variant.procedure})
                        for v in pitvqa.variants
                        if v.id == "notebook"
                    )
                }
            )
        )[Subject("trainable.parameters"), Key("notebook")]
        for variant in pitvqa.variants
    }
    assert len(set(moved.values())) >= 2


def test_mutated_claims_are_read_by_the_real_reader(pitvqa: Study) -> None:
    stated = saying(pitvqa.claim("L2.trainable.count"), 4_358_144).stated()
    assert isinstance(stated, Printed)
    assert stated.exact == 4_358_144
