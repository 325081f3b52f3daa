"""Lay claims beside findings: which findings decide a claim, do they agree, what is the verdict.

Pure: the same study and findings give the same results.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from shlex import quote

from paper_repro.counting.denominators import LABELS
from paper_repro.judging import Interval, Judgement, Key, Value, Verdict, judge
from paper_repro.study import Claim, Study
from paper_repro.study.quantities import QUANTITIES
from paper_repro.verify.display import display, jsonable
from paper_repro.verify.finding import DEFAULT_STAGES, Evidence, Finding, Stage, Subject
from paper_repro.verify.result import ClaimResult, StageResult, VariantResult

COMPUTED = (Evidence.MEASURED, Evidence.HUB, Evidence.INSTANTIATED, Evidence.DERIVED)
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

Findings = Mapping[Subject, Mapping[Key, list[Finding]]]


@dataclass(frozen=True)
class Settled:
    """The findings that decide one claim, one for each key, or what is wrong with them."""

    found: dict[Key, Finding]
    at: Key
    failure: str = ""
    missing: str = ""


def gather(findings: Iterable[Finding]) -> Findings:
    """Findings by subject and key."""
    table: dict[Subject, dict[Key, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        table[finding.subject][finding.key].append(finding)
    return table


def settle(
    study: Study,
    claim: Claim,
    findings: Findings,
    stages: Mapping[Stage, StageResult],
    folder: Path | None,
) -> ClaimResult:
    """Judge one claim by the stages that decide it.

    Args:
        findings: everything found so far (explanations may quote findings of other stages).
        stages: what became of every stage.
        folder: the study's folder for the printed command; ``None`` for the built-in study.
    """
    settled = _decide(claim, findings, stages)
    values = {key: finding.value for key, finding in settled.found.items()}
    judgement = judge(claim.stated(), values, settled.at)
    if settled.failure:
        judgement = Judgement(Verdict.CHECK_FAILED)
    own = settled.found.get(settled.at) if not settled.failure else None
    deciding = _deciding(claim, findings, settled) if own else []
    return ClaimResult(
        id=claim.id,
        level=claim.level,
        quote=claim.quote,
        place=study.places[claim.id],
        printed=claim.printed,
        states=list(claim.states) if isinstance(claim.states, tuple) else claim.states,
        variant=settled.at.variant,
        quantity=claim.quantity,
        unit=claim.unit,
        denominator=claim.denominator,
        found=jsonable(own.value) if own else None,
        found_text=display(own.value, claim.unit) if own else "",
        formula="; ".join(dict.fromkeys(finding.formula for finding in deciding)),
        evidence=own.evidence if own else "",
        stages=[finding.stage for finding in deciding],
        verdict=judgement.verdict,
        reviewed=claim.reviewed,
        by_variant=_by_variant(study, claim, settled),
        explanation=fill(claim.explanation, findings),
        reconciles=_reconciles(claim, settled, judgement),
        reason=settled.failure or settled.missing,
        consequence=claim.consequence,
        command=command(claim, folder),
    )


def command(claim: Claim, folder: Path | None) -> str:
    """The command that checks one claim alone, with its stages where the default has none."""
    parts = ["python -m paper_repro verify"]
    if folder is not None:
        parts.append(f"--study {quote(str(folder))}")
    if not set(claim.decided_by) & set(DEFAULT_STAGES):
        parts += [f"--stage {name}" for name in claim.decided_by]
    return " ".join([*parts, f"--only {claim.id}"])


def _decide(claim: Claim, findings: Findings, stages: Mapping[Stage, StageResult]) -> Settled:
    """Pick the strongest finding for each key; computed ones must agree with each other."""
    deciding = [stage for stage in Stage if may_decide(stage, claim)]
    broken = [stages[stage] for stage in deciding if stages[stage].status == "failed"]
    if broken:
        return Settled({}, claim.key, failure=f"stage {broken[0].name}: {broken[0].reason}")
    ran = [stage for stage in deciding if stages[stage].status == "ran"]
    if not ran:
        return Settled({}, claim.key, missing=_why_not(deciding, stages))
    keyed = findings.get(Subject(claim.quantity, claim.of), {})
    candidates = {
        key: [finding for finding in found if finding.stage in ran and is_heard(finding, claim)]
        for key, found in keyed.items()
    }
    at = claim.key if candidates.get(claim.key) else claim.key._replace(variant="")
    silent = set(ran) - {finding.stage for finding in candidates.get(at, [])} - {Stage.RECORD}
    if silent:
        names = ", ".join(sorted(silent))
        return Settled({}, claim.key, failure=f"expected a finding from stage {names}, got none")
    chosen: dict[Key, Finding] = {}
    for key, found in candidates.items():
        if not found:
            continue
        if failure := _disagreement(found):
            return Settled({}, at, failure=failure)
        chosen[key] = min(found, key=_weakness)
    missing = "" if at in chosen else "the records given do not measure it"
    return Settled(chosen, at, missing=missing)


def may_decide(stage: Stage, claim: Claim) -> bool:
    """Whether a stage's findings can decide a claim; a record's where `train` or `gpu` may."""
    real = stage is Stage.RECORD and not {"train", "gpu"}.isdisjoint(claim.decided_by)
    return real or stage.value in claim.decided_by


def is_heard(finding: Finding, claim: Claim) -> bool:
    """Whether one finding counts for a claim: its stage, or one in whose place it speaks."""
    stages = {finding.stage, *finding.speaks_as}
    return not {stage.value for stage in stages}.isdisjoint(claim.decided_by)


def _weakness(finding: Finding) -> tuple[bool, int]:
    """The stronger evidence first; a record that leaves the answer open comes last."""
    return _is_open(finding), list(Evidence).index(finding.evidence)


def _is_open(finding: Finding) -> bool:
    return finding.stage is Stage.RECORD and finding.value is None


def _disagreement(found: list[Finding]) -> str:
    for finding in found:
        if finding.error:
            return f"stage {finding.stage}: {finding.error}"
    computed = [finding for finding in found if finding.evidence in COMPUTED]
    for finding in computed[1:]:
        if not _agree(finding, computed[0]):
            unit = QUANTITIES[finding.subject.quantity].unit
            return (
                f"two independent checks disagree: {computed[0].stage} found "
                f"{display(computed[0].value, unit)}, {finding.stage} found "
                f"{display(finding.value, unit)}"
            )
    return ""


def _agree(one: Finding, other: Finding) -> bool:
    """Whether two checks found the same. What a record measured may lie within a bound."""
    if Stage.RECORD not in (one.stage, other.stage):
        return one.value == other.value
    if None in (one.value, other.value):
        return True
    if isinstance(one.value, Interval) or isinstance(other.value, Interval):
        return _interval(one.value).meets(_interval(other.value))
    return one.value == other.value


def _interval(value: Value) -> Interval:
    assert isinstance(value, Interval | int | Fraction)
    return value if isinstance(value, Interval) else Interval.point(value)


def _why_not(deciding: list[Stage], stages: Mapping[Stage, StageResult]) -> str:
    tried = [stage for stage in deciding if stages[stage].status == "unavailable"]
    result = stages[(tried or deciding)[0]]
    return result.reason or f"stage {result.name} was not selected"


def _deciding(claim: Claim, findings: Findings, settled: Settled) -> list[Finding]:
    found = findings[Subject(claim.quantity, claim.of)][settled.at]
    return [finding for finding in found if is_heard(finding, claim)]


def _by_variant(study: Study, claim: Claim, settled: Settled) -> dict[str, VariantResult]:
    values = {key: finding.value for key, finding in settled.found.items()}
    results = {}
    for variant in study.variants:
        key = Key(variant.id, claim.denominator)
        if key in settled.found:
            finding = settled.found[key]
            results[variant.id] = VariantResult(
                found=jsonable(finding.value),
                found_text=display(finding.value, claim.unit),
                formula=finding.formula,
                verdict=judge(claim.stated(), values, key).verdict,
            )
    return results


def _reconciles(claim: Claim, settled: Settled, judgement: Judgement) -> list[str]:
    """Readings at which a claim that does not simply hold would; a variant that would at the
    claim's own denominator is not listed again with others."""
    if judgement.verdict in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED):
        return []
    keys = judgement.reconciles
    plain = {key.variant for key in keys if key.convention == claim.denominator}
    kept = [k for k in keys if k.convention == claim.denominator or k.variant not in plain]
    return [_reading(key, settled, claim) for key in kept]


def _reading(key: Key, settled: Settled, claim: Claim) -> str:
    where = [f"variant {key.variant}"] if key.variant else []
    if key.convention:
        where.append(f"of {LABELS[key.convention]}")
    return f"{', '.join(where)}: {display(settled.found[key].value, claim.unit)}"


def fill(template: str, findings: Findings) -> str:
    """Fill ``{quantity|of|variant|denominator}`` placeholders from findings of any stage.

    What no stage that ran has found reads ``[not checked]``.
    """
    return PLACEHOLDER.sub(lambda match: _lookup(match[1], findings), template)


def _lookup(placeholder: str, findings: Findings) -> str:
    quantity, of, variant, denominator = f"{placeholder}|||".split("|")[:4]
    keyed = findings.get(Subject(quantity, of), {})
    found = keyed.get(Key(variant, denominator)) or keyed.get(Key("", denominator))
    if not found or found[0].error:
        return "[not checked]"
    best = min(found, key=_weakness)
    return display(best.value, QUANTITIES[quantity].unit)
