"""Every verdict can go the other way: claims, settings and checks are broken one at a time."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from paper_repro.errors import UserError
from paper_repro.judging import Interval, Key, Printed, Value, Verdict
from paper_repro.study import Claim, Procedure, Study, load_study
from paper_repro.study.model import Bounds
from paper_repro.verify.finding import Finding, Progress, Stage, StageRunner, Subject, Wanted
from paper_repro.verify.records import read_run
from paper_repro.verify.result import ClaimResult, Report
from paper_repro.verify.run import load_stage, verify
from paper_repro.verify.stages.record import reading
from tests.verify.written_records import record, written

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


NO_EFFECT = {
    "id": "names a table; a study with another id is another study",
    "adapters.hub": "read by the hub stage",
    "models.revision": "the commit that training reads",
    "name": "a PEFT adapter name changes no count",
    "title": "told, not judged",
    "source": "says where a fact is from",
    "reference": "key of the bibliography",
    "datasets.references": "keys of the bibliography",
    "licence": "told, not judged",
    "config": "the file that it names is moved by a test of its own",
    "base": "names a table",
    "dataset": "names a table",
    "card": "names a table",
    "adapters": "names tables",
    "level": "told, not judged",
    "lora_dropout": "no statement of the document prints it",
    "learning_rate": "no statement of the document prints it",
    "optimizer": "no statement of the document prints it",
    "max_length": "no statement of the document prints it",
    "procedure": "moved by a test of its own",
}
TABLES = ("models", "adapters", "datasets", "variants")
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all plain values below one."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in items:
        if key in NO_EFFECT or f"{path[0] if path else ''}.{key}" in NO_EFFECT:
            continue
        if isinstance(below, dict | list):
            yield from leaves(below, (*path, key))
        elif below is not None:
            yield (*path, key)


def moved(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value * 2
        case float():
            return value / 2
        case _:
            return f"not-{value}"


def with_leaf(study: Study, path: Path) -> Study:
    """The study with one setting moved, validated anew."""
    tables = study.model_dump(mode="json")
    table: Any = tables
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = moved(table[path[-1]])
    return Study.model_validate(tables)


def settings() -> list[Path]:
    tables = load_study().model_dump(mode="json")
    return [path for name in TABLES for path in leaves(tables[name], (name,))]


class Everything(frozenset[Subject]):
    """A ``Wanted`` that wants all."""

    def __contains__(self, subject: object) -> bool:
        return True


def found_by_arithmetic(study: Study) -> dict[tuple[Subject, Key], tuple[Value, str]]:
    """Value and formula of every finding of the arithmetic stage."""
    findings = load_stage(Stage.ARITHMETIC)(study, Everything(), lambda _: None)
    return {(f.subject, f.key): (f.value, f.formula) for f in findings}


@cache
def unmoved() -> dict[tuple[Subject, Key], tuple[Value, str]]:
    return found_by_arithmetic(load_study())


@pytest.mark.parametrize("path", settings(), ids=lambda path: ".".join(map(str, path)))
def test_every_setting_feeds_a_finding(path: Path) -> None:
    """Moving a setting changes what is found, or is refused with a clear error."""
    try:
        found = found_by_arithmetic(with_leaf(load_study(), path))
    except UserError as error:
        assert "expected" in str(error)
    else:
        assert any(unmoved().get(key) != value for key, value in found.items())


@pytest.mark.parametrize(
    "field",
    ["hidden_size", "intermediate_size", "num_hidden_layers", "num_key_value_heads", "vocab_size"],
)
def test_every_size_of_the_config_feeds_the_count(field: str) -> None:
    study = load_study()
    configs = copy.deepcopy(study.configs)
    configs["qwen2-vl-2b"][field] *= 2  # type: ignore[operator]
    found = found_by_arithmetic(study.model_copy(update={"configs": configs}))
    key = (Subject("model.parameters", "qwen2-vl-2b"), Key())
    assert found[key] != unmoved()[key]


def broken(finding: Finding, claim: Claim, verdict: Verdict) -> Finding:
    """The finding with a value at which the claim gets another verdict."""
    stated = claim.stated()
    if finding.value is None:
        return replace(finding, error="broken on purpose")
    if not isinstance(stated, Printed):
        wrong = stated if verdict is Verdict.CONTRADICTED else far_from(claim, stated).stated()
        assert not isinstance(wrong, Printed)
        return replace(finding, value=wrong)
    low, high = stated.interval.low, stated.interval.high
    edge = low if low is not None else high
    assert edge is not None
    within = edge if edge in stated.interval else edge - 1
    just_outside = edge - 1 if low is not None else edge + 1
    return replace(finding, value=within if verdict is Verdict.CONTRADICTED else just_outside)


def test_every_check_when_broken_turns_red(pitvqa: Study, checked: Checked) -> None:
    """For every finding that decides a claim: a wrong value, an error or none is noticed."""
    report, findings = checked
    unnoticed, broken_checks = [], 0
    for result in report.claims:
        claim = pitvqa.claim(result.id)
        at = (Subject(claim.quantity, claim.of), Key(result.variant, result.denominator))
        for stage in map(Stage, result.stages):
            found = findings[stage]
            index = next(i for i, f in enumerate(found) if (f.subject, f.key) == at)
            wrong = broken(found[index], claim, result.verdict)
            failing = replace(found[index], error="broken on purpose")
            for change in ([], [wrong], [failing]):
                changed = {**findings, stage: [*found[:index], *change, *found[index + 1 :]]}
                again = verify(pitvqa, changed, only=[claim.id], load=replaying(changed))
                broken_checks += 1
                if not again.claims[0].changed:
                    unnoticed.append((claim.id, stage, change))
    assert unnoticed == []
    assert broken_checks > 3 * len(report.claims) / 2


def test_what_a_record_says_when_broken_turns_red(
    pitvqa: Study, checked: Checked, tmp_path: pathlib.Path
) -> None:
    """A record's wrong value is noticed, by another stage or as a changed verdict."""
    runs = [
        read_run(written(record(variant), tmp_path / variant), pitvqa)
        for variant in ("notebook", "stated", "seven-modules")
    ]
    on_record = list(reading(runs)(pitvqa, Everything(), lambda _: None))
    findings = {**checked[1], Stage.RECORD: on_record}
    report = verify(pitvqa, findings, load=replaying(findings))
    unnoticed, broken_checks = [], 0
    for result in report.claims:
        claim = pitvqa.claim(result.id)
        at = (Subject(claim.quantity, claim.of), Key(result.variant, result.denominator))
        if Stage.RECORD not in result.stages:
            continue
        index = next(i for i, f in enumerate(on_record) if (f.subject, f.key) == at)
        wrong = broken(on_record[index], claim, result.verdict)
        for change in (wrong, replace(on_record[index], error="broken on purpose")):
            said = [*on_record[:index], change, *on_record[index + 1 :]]
            changed = {**findings, Stage.RECORD: said}
            again = verify(pitvqa, changed, only=[claim.id], load=replaying(changed)).claims[0]
            broken_checks += 1
            if again.verdict is result.verdict:
                unnoticed.append((claim.id, change))
    assert unnoticed == []
    assert broken_checks > 20


def test_the_procedure_decides_what_is_trained(pitvqa: Study) -> None:
    def trained(procedure: Procedure) -> Value:
        notebook = pitvqa.variant("notebook").model_copy(update={"procedure": procedure})
        study = pitvqa.model_copy(update={"variants": (notebook,)})
        return found_by_arithmetic(study)[Subject("trainable.parameters"), Key("notebook")][0]

    assert trained(Procedure.SECOND_WRAP) != trained(Procedure.STACK)


def test_mutated_claims_are_read_by_the_real_reader(pitvqa: Study) -> None:
    stated = saying(pitvqa.claim("L2.trainable.count"), 4_358_144).stated()
    assert isinstance(stated, Printed)
    assert stated.exact == 4_358_144
