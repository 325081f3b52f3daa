"""One level of a run: prepared, trained, hashed, saved, and on record whatever became of it.

``train_level(settings, folder, run)`` goes on where the folder holds a run. Level 2 trains its
Level 1 in ``level1`` where none is named.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from paper_repro.training import describe
from paper_repro.training.context import Run
from paper_repro.training.failures import CHECKPOINTS, COMMAND, told
from paper_repro.training.features import Telling
from paper_repro.training.feed import expected
from paper_repro.training.prepare import Prepared, forget, prepare
from paper_repro.training.recipes import (
    NOTEBOOK,
    adapters_of,
    defaults,
    deviations,
    procedure_of,
)
from paper_repro.training.record import NAME, Record, read_record, write_record
from paper_repro.training.saving import save_adapters, save_base
from paper_repro.training.schedule import Cosine, warmup_steps
from paper_repro.training.settings import Settings
from paper_repro.training.step import Training, start
from paper_repro.training.steps import take_steps
from paper_repro.training.stopping import Stopped, name_of
from paper_repro.training.workers import Workers

BELOW = "level1"


def train_level(settings: Settings, folder: Path, run: Run) -> Record:
    """One level; whatever ends it stands in its record."""
    record = _opened(settings, folder, run)
    try:
        return _trained(settings, folder, run, record)
    except Stopped as early:
        record.status, record.said = "interrupted", f"{name_of(run.asked())} while {early}"
        return _kept(record, folder, run)
    except KeyboardInterrupt:
        record.status, record.said = "interrupted", "stopped at once by a second SIGINT"
        _try_to_keep(record, folder, run)
        run.watcher.said(f"What was saved is whole. Next: {COMMAND} --resume {folder}")
        raise
    except Exception as error:
        problem = told(error, settings, folder)
        said = str(problem or f"{type(error).__name__}: {error}")
        record.status, record.said = "failed", f"{said} {record.said}".rstrip()
        _try_to_keep(record, folder, run)
        if problem is None:
            raise
        raise problem from None


def _trained(settings: Settings, folder: Path, run: Run, record: Record) -> Record:
    """Train a level, after the one below it where that is trained here too."""
    if len(adapters_of(run.study, settings.level, settings.variant)) > 1 and not settings.level1:
        below = _below(settings, folder / BELOW, run)
        if below.status != "finished":
            record.status, record.said = below.status, f"Level 1: {below.said}"
            return _kept(record, folder, run)
    began = time.perf_counter()
    prepared = prepare(_pinned(settings, record), run.study, folder, run.workers, _telling(run))
    for line in prepared.said:
        run.watcher.said(line)
    run.watcher.doing("hashing every tensor")
    describe.settle(prepared)
    training = _start(prepared, run.workers)
    training.engine.expect(expected(prepared.examples, prepared.plan))
    before = describe.digests_of(prepared)
    _describe(record, prepared, before, run)
    record.hardware["off"] = dict(training.engine.off)
    if said := _off(training.engine.off):
        run.watcher.said(said)
    record.warnings = [*prepared.warnings, *record.warnings]
    if settings.variant == NOTEBOOK:
        run.watcher.said(_notebook(record))
    record.times["preparing"] = time.perf_counter() - began
    done = take_steps(prepared, training, record, folder, run)
    record.warnings = list(dict.fromkeys([*record.warnings, *training.said]))
    if done:
        _finish(prepared, before, record, folder, run)
    return _kept(record, folder, run)


def _pinned(settings: Settings, record: Record) -> Settings:
    """With the commits that an earlier start read, wherever their branches point by now."""
    read = {f"{what}_revision": commit for what, commit in record.revisions.items() if commit}
    return replace(settings, **read)  # type: ignore[arg-type]


def _telling(run: Run) -> Telling:
    """Tells the watcher, and stops there where a signal asked to."""

    def tell(what: str, done: int, of: int) -> None:
        run.watcher.doing(what, done, of)
        if run.asked():
            raise Stopped(what)

    return tell


def _finish(
    prepared: Prepared, before: describe.Digests, record: Record, folder: Path, run: Run
) -> None:
    """Hash everything again and save what was trained, before any process goes on; then forget
    the tower outputs that were kept for this run alone, which may take tens of GB."""
    run.watcher.doing("hashing every tensor again, saving")
    after = describe.digests_after(prepared, before)
    record.hashes |= after.to_dict("after")
    for name, number in describe.differences(before, after).items():
        setattr(record, name, number)
    if run.workers.writes:
        if prepared.levels:
            save_adapters(prepared.levels, folder, prepared.base.name)
        else:
            save_base(prepared.base, folder)
    run.workers.wait()
    forget(prepared.settings, folder)
    record.status, record.said = "finished", ""


def _opened(settings: Settings, folder: Path, run: Run) -> Record:
    """The run's record, new or as an earlier start left it; on the disk before anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    anew = not (folder / NAME).exists() or never_began(folder)
    record = Record() if anew else read_record(folder)
    record.status, record.said = "running", ""
    record.command = record.command or run.options.command
    record.settings, record.variant = settings.to_dict(), settings.variant
    record.procedure = procedure_of(run.study, settings.level, settings.variant)
    record.deviations = deviations(run.study, settings)
    record.times.pop("finished", None)
    record.times.setdefault("started", datetime.now(UTC).isoformat(timespec="seconds"))
    return _kept(record, folder, run)


def _below(settings: Settings, folder: Path, run: Run) -> Record:
    """Level 1 in small, trained before Level 2 or found as an earlier start left it."""
    if (folder / NAME).exists() and (found := read_record(folder)).status == "finished":
        return found
    run.watcher.said(f"Level 1 first, in {folder}: the stack stands on it.")
    lower = defaults(run.study, 1, settings.size, "", on_card=settings.precision == "nf4")
    own = replace(
        lower,
        base=settings.base,
        seed=settings.seed,
        precision=settings.precision,
        features_cache=settings.features_cache,
    )
    return train_level(own, folder, run)


def _start(prepared: Prepared, workers: Workers) -> Training:
    settings, steps = prepared.settings, prepared.plan.steps
    rate = Cosine(settings.learning_rate, steps, warmup_steps(steps, settings.warmup))
    return start(
        prepared.model,
        settings.optimizer,
        rate,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        precision=prepared.precision,
        checkpointing=settings.checkpointing,
        without=settings.techniques_off,
        seed=settings.seed,
        workers=workers,
    )


def _describe(record: Record, prepared: Prepared, before: describe.Digests, run: Run) -> None:
    levels, settings = prepared.levels, prepared.settings
    record.settings["compute"] = prepared.precision.compute
    record.deviations = deviations(run.study, settings, prepared.precision)
    record.counts = describe.counts(prepared)
    record.trail = (
        [[step.name, step.trainable] for step in levels.trail]
        if levels
        else [["a base without adapters", record.counts["trainable"]]]
    )
    record.versions, record.revisions = describe.versions(), dict(prepared.revisions)
    features = prepared.examples.features
    record.data = prepared.data | ({"features": features.to_dict()} if features else {})
    record.hardware = describe.hardware(run.workers)
    record.seeds = {"adapters, order of rows and dropout": settings.seed}
    record.hashes = before.to_dict("before")
    run.watcher.said(prepared.precision.reason)


def _off(techniques: Mapping[str, str]) -> str:
    """Which of the engine's techniques are off, and why, in one sentence."""
    reasons = dict.fromkeys(techniques.values())
    parts = (
        f"{', '.join(name for name in techniques if techniques[name] == why)} ({why})"
        for why in reasons
    )
    return f"Off: {'; '.join(parts)}." if techniques else ""


def never_began(folder: Path) -> bool:
    """Whether a run failed before its first step and left nothing to go on from."""
    record = read_record(folder)
    left = (folder / CHECKPOINTS).exists() or (folder / BELOW).exists()
    return record.status == "failed" and record.steps == 0 and not left


def _kept(record: Record, folder: Path, run: Run) -> Record:
    if record.status != "running":
        record.times["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
    record.peak_memory = describe.peak_memory()
    if run.workers.writes:
        write_record(record, folder)
    return record


def _try_to_keep(record: Record, folder: Path, run: Run) -> None:
    """The reason that is about to be told matters more than a record that cannot be written."""
    try:
        _kept(record, folder, run)
    except OSError as error:
        run.watcher.said(f"{NAME} could not be written: {error}")


def _notebook(record: Record) -> str:
    trail = " → ".join(f"{number:,}" for _, number in record.trail)
    return (
        "The notebook's cells, as written: both adapters bear one name, so that Level 1 is partly "
        f"replaced and partly trained on (trainable weights: {trail}). What is saved will not load "
        "as the document's Option A does; train --variant stated keeps both levels."
    )
