"""Run the stages, settle every claim as soon as its checks are in, and make the report."""

from __future__ import annotations

import fnmatch
import importlib
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from shlex import quote
from typing import Protocol

from paper_repro import __version__
from paper_repro.errors import UserError
from paper_repro.judging import Verdict
from paper_repro.study import Claim, Study
from paper_repro.verify.finding import (
    DEFAULT_STAGES,
    Finding,
    Progress,
    Stage,
    StageRunner,
    StageUnavailable,
    Subject,
    Wanted,
)
from paper_repro.verify.result import ClaimResult, Report, StageResult
from paper_repro.verify.settle import PLACEHOLDER, gather, may_decide, settle

VERSIONED = ("torch", "transformers", "peft", "bitsandbytes", "safetensors", "huggingface_hub")


class Watcher(Protocol):
    """Is told what happens while it happens."""

    def stage_started(self, stage: Stage) -> None: ...
    def progress(self, message: str) -> None: ...
    def verdict_reached(self, result: ClaimResult) -> None: ...
    def stage_finished(self, result: StageResult) -> None: ...


class Silent:
    """A watcher that says nothing."""

    def stage_started(self, stage: Stage) -> None: ...
    def progress(self, message: str) -> None: ...
    def verdict_reached(self, result: ClaimResult) -> None: ...
    def stage_finished(self, result: StageResult) -> None: ...


def load_stage(stage: Stage) -> StageRunner:
    """The runner of a stage; imports it only now."""
    module = importlib.import_module(f"paper_repro.verify.stages.{stage}")
    runner: StageRunner = module.findings
    return runner


def verify(
    study: Study,
    stages: Iterable[Stage] = DEFAULT_STAGES,
    *,
    only: Iterable[str] = (),
    folder: Path | None = None,
    watcher: Watcher | None = None,
    strict: bool = False,
    load: Callable[[Stage], StageRunner] = load_stage,
) -> Report:
    """Check a study's claims.

    Args:
        stages: which stages run; the others' claims become ``not checked``.
        only: ids of the claims to check, or patterns such as ``L2.hours*``; empty means all.
        folder: the study's folder, for the commands that the report prints.
        watcher: is told about stages, progress and verdicts while they happen.
        strict: whether a contradicted claim counts in the closing line, as in :func:`exit_code`.
        load: finds a stage's runner.

    Raises:
        UserError: when an id of ``only`` is not in the study.
    """
    began = time.monotonic()
    watcher = watcher or Silent()
    claims = _select(study, tuple(only))
    selected = [stage for stage in Stage if stage in set(stages)]
    results = {stage: _idle(stage, folder, "was not selected") for stage in Stage}
    found: list[Finding] = []
    table = gather(found)
    for stage in selected:
        if stage is not Stage.ARITHMETIC and not _decides(stage, claims):
            results[stage] = _idle(stage, folder, "decides none of these claims")
            continue
        watcher.stage_started(stage)
        results[stage] = _run_stage(
            study, stage, _wanted(claims, stage), found, watcher, load, folder
        )
        watcher.stage_finished(results[stage])
        table = gather(found)
        for claim in claims:
            deciding = [name for name in selected if may_decide(name, claim)]
            if deciding and deciding[-1] is stage:
                watcher.verdict_reached(settle(study, claim, table, results, folder))
    settled = [settle(study, claim, table, results, folder) for claim in claims]
    return _report(study, settled, list(results.values()), time.monotonic() - began, strict)


def _select(study: Study, only: tuple[str, ...]) -> list[Claim]:
    known = [claim.id for claim in study.claims]
    chosen: set[str] = set()
    for id in only:
        found = fnmatch.filter(known, id)
        chosen.update(found)
        if not found:
            near = get_close_matches(id, known, 6, 0.4) or known[:6]
            raise UserError(
                f"The study has no claim {id!r}.",
                expected=f"one of {len(known)} ids, such as {', '.join(near)}",
                got=repr(id),
                next_command="python -m paper_repro verify --stage arithmetic",
            )
    return [claim for claim in study.claims if not only or claim.id in chosen]


def _decides(stage: Stage, claims: list[Claim]) -> bool:
    return any(may_decide(stage, claim) for claim in claims)


def _wanted(claims: list[Claim], stage: Stage) -> Wanted:
    """What the stage must find: the claims it decides, and what any explanation quotes."""
    decided = {Subject(claim.quantity, claim.of) for claim in claims if may_decide(stage, claim)}
    quoted = {
        Subject(*f"{placeholder}|".split("|")[:2])
        for claim in claims
        for placeholder in PLACEHOLDER.findall(claim.explanation)
    }
    return frozenset(decided | quoted)


def _run_stage(
    study: Study,
    stage: Stage,
    wanted: Wanted,
    found: list[Finding],
    watcher: Watcher,
    load: Callable[[Stage], StageRunner],
    folder: Path | None,
) -> StageResult:
    ran = _idle(stage, folder, "ran").model_copy(update={"status": "ran", "reason": ""})
    progress: Progress = watcher.progress
    try:
        found.extend(load(stage)(study, wanted, progress))
    except StageUnavailable as unavailable:
        return ran.model_copy(
            update={
                "status": "unavailable",
                "reason": unavailable.reason,
                "command": unavailable.command,
            }
        )
    except UserError as error:
        got = f"{error.problem} Expected {error.expected}, got {error.got}."
        return ran.model_copy(
            update={"status": "unavailable", "reason": got, "command": error.next_command}
        )
    except Exception as error:  # any defect of a check must show as "check failed"
        return ran.model_copy(
            update={"status": "failed", "reason": f"{type(error).__name__}: {error}"}
        )
    return ran


def _idle(stage: Stage, folder: Path | None, why: str) -> StageResult:
    study = "" if folder is None else f" --study {quote(str(folder))}"
    asked = "--record DIR" if stage is Stage.RECORD else f"--stage {stage}"
    return StageResult(
        name=stage,
        status="not selected",
        reason=f"stage {stage} {why}",
        command=f"python -m paper_repro verify{study} {asked}",
    )


def _report(
    study: Study,
    claims: list[ClaimResult],
    stages: list[StageResult],
    seconds: float,
    strict: bool,
) -> Report:
    counts = Counter(claim.verdict for claim in claims)
    return Report(
        study=study.id,
        title=study.title,
        document=study.document.title,
        document_sha256=study.document.sha256,
        levels={str(level.number): level.title for level in study.levels},
        package=__version__,
        stages=stages,
        claims=claims,
        summary={verdict.value: counts[verdict] for verdict in Verdict},
        closing=closing(claims, stages, strict=strict),
        run={
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": f"{seconds:.1f}",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            **{name: metadata.version(name) for name in VERSIONED if _installed(name)},
        },
    )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def closing(claims: list[ClaimResult], stages: list[StageResult], *, strict: bool = False) -> str:
    """The last line: how many are contradicted, and what the exit status says and does not."""
    contradicted = sum(claim.verdict is Verdict.CONTRADICTED for claim in claims)
    return f"{contradicted} of {len(claims)} contradicted; {_outcome(claims, stages, strict)[1]}"


def exit_code(report: Report, *, strict: bool = False) -> int:
    """0 unchanged since review; 1 a verdict differs or a check failed; 2 a selected stage could
    not run, or nothing was checked; with ``strict``, 3 when any claim is contradicted."""
    return _outcome(report.claims, report.stages, strict)[0]


def _outcome(claims: list[ClaimResult], stages: list[StageResult], strict: bool) -> tuple[int, str]:
    failed = [claim.id for claim in claims if claim.verdict is Verdict.CHECK_FAILED]
    failed = failed or [f"stage {stage.name}" for stage in stages if stage.status == "failed"]
    if failed:
        return 1, f"exit 1 because a check failed: {_few(failed)}"
    changed = [claim.id for claim in claims if claim.changed]
    if changed:
        return 1, f"exit 1 because a verdict is not the one reviewed: {_few(changed)}"
    missing = [stage.name for stage in stages if stage.status == "unavailable"]
    if missing:
        return 2, f"exit 2 because a stage could not run: {_few(missing)}"
    if all(claim.verdict is Verdict.NOT_CHECKED for claim in claims):
        return 2, "exit 2 because nothing was checked; each claim names the command that does"
    if strict and any(claim.verdict is Verdict.CONTRADICTED for claim in claims):
        return 3, "exit 3 because --strict allows none"
    return 0, "exit 0 means unchanged since review, not that the paper is right"


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
