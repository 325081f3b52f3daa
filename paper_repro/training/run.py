"""Train a level: ``train(settings, folder, options)``, and ``resume(folder, options)``.

A run is a folder. ``record.json`` is in it from the first moment and says what became of the run;
``checkpoints`` holds its state; ``adapter`` (or ``base``, for Level 0) is there when it has
finished. Level 2 trains its Level 1 in ``level1`` where none is named.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paper_repro.errors import UserError
from paper_repro.training import describe
from paper_repro.training.context import Options, Run
from paper_repro.training.prepare import Prepared, prepare
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
from paper_repro.training.settings import Settings, changes, may_go_on
from paper_repro.training.step import Training, start
from paper_repro.training.steps import take_steps
from paper_repro.training.stopping import asked_to_stop
from paper_repro.training.watch import Silent, Watcher
from paper_repro.training.workers import Workers, joined

TRAIN = "python -m paper_repro train"
BELOW = "level1"
_SILENT = Silent()


def train(settings: Settings, folder: Path, options: Options, watcher: Watcher = _SILENT) -> Record:
    """Train from the beginning.

    Returns:
        The record: finished, or interrupted when a signal asked to stop.

    Raises:
        UserError: there is a run in the folder already, something cannot be had or used, a loss
            is not finite, or the card's memory or the disk is full.
    """
    if (folder / NAME).exists():
        raise UserError(
            f"{folder} holds a run already.",
            expected="an empty folder, or one that is not there yet",
            got=f"{NAME}, status {read_record(folder).status}",
            next_command=f"{TRAIN} --resume {folder}  (or name another folder with --out)",
        )
    return _together(settings, folder, options, watcher)


def resume(
    folder: Path,
    options: Options,
    watcher: Watcher = _SILENT,
    changed: Mapping[str, Any] | None = None,
) -> Record:
    """Go on from the last checkpoint, bit for bit.

    Args:
        changed: settings that are to be others; see ``settings.FREE``.

    Raises:
        UserError: as :func:`train`; the run has finished; or another setting changed.
    """
    record = read_record(folder)
    before = Settings.from_dict(record.settings)
    now = replace(before, **(changed or {}))
    if record.status == "finished":
        raise UserError(
            f"The run in {folder} has finished.",
            expected="one that was interrupted",
            got=f"{record.steps:,} steps taken",
            next_command=f"python -m paper_repro evaluate {folder}",
        )
    for change in changes(before, now):
        if not may_go_on(change, before, now):
            raise _changed(folder, change.name, change.before, change.now)
        watcher.said(
            f"{change.name} was {change.before} and is now {change.now}: the numbers will agree "
            "to rounding, not to the bit."
        )
    return _together(now, folder, options, watcher)


def _together(settings: Settings, folder: Path, options: Options, watcher: Watcher) -> Record:
    from paper_repro.study import load_study

    folder.mkdir(parents=True, exist_ok=True)
    with joined(options.device) as workers, asked_to_stop() as asked:
        workers.check(settings.accumulation)
        heard = watcher if workers.writes else _SILENT
        return _level(settings, folder, Run(load_study(), options, heard, workers, asked))


def _level(settings: Settings, folder: Path, run: Run) -> Record:
    """One level, after the one below it where that is trained here too."""
    record = _opened(settings, folder, run)
    if len(adapters_of(run.study, settings.level, settings.variant)) > 1 and not settings.level1:
        below = _below(settings, folder / BELOW, run)
        if below.status != "finished":
            record.status, record.said = below.status, f"Level 1: {below.said}"
            return _kept(record, folder, run)
    began = time.perf_counter()
    prepared = prepare(settings, run.study, folder, run.workers, run.watcher.doing)
    for line in prepared.said:
        run.watcher.said(line)
    describe.settle(prepared)
    training = _start(prepared, run.workers)
    before = describe.digests_of(prepared)
    _describe(record, prepared, before, run)
    record.warnings = [*(prepared.levels.said if prepared.levels else ()), *record.warnings]
    if settings.variant == NOTEBOOK:
        run.watcher.said(_notebook(record))
    record.times["preparing"] = time.perf_counter() - began
    done = take_steps(prepared, training, record, folder, run)
    if not done:
        return _kept(record, folder, run)
    after = describe.digests_after(prepared, before)
    record.hashes |= after.to_dict("after")
    for name, number in describe.differences(before, after).items():
        setattr(record, name, number)
    if run.workers.writes:
        if prepared.levels:
            save_adapters(prepared.levels, folder, prepared.base.name)
        else:
            save_base(prepared.base, folder)
    record.warnings = list(dict.fromkeys([*record.warnings, *training.said]))
    record.status, record.said = "finished", ""
    return _kept(record, folder, run)


def _opened(settings: Settings, folder: Path, run: Run) -> Record:
    """The run's record, new or as an earlier start left it; on the disk before anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    record = read_record(folder) if (folder / NAME).exists() else Record()
    record.status, record.said = "running", ""
    record.command = record.command or run.options.command
    record.settings, record.variant = settings.to_dict(), settings.variant
    record.procedure = procedure_of(run.study, settings.level, settings.variant)
    record.deviations = deviations(run.study, settings)
    record.times.setdefault("started", datetime.now(UTC).isoformat(timespec="seconds"))
    return _kept(record, folder, run)


def _below(settings: Settings, folder: Path, run: Run) -> Record:
    """Level 1 in small, trained before Level 2 or found as an earlier start left it."""
    if (folder / NAME).exists() and (found := read_record(folder)).status == "finished":
        return found
    run.watcher.said(f"Level 1 first, in {folder}: the stack stands on it.")
    lower = defaults(run.study, 1, settings.size, "", on_card=settings.precision == "nf4")
    own = replace(lower, base=settings.base, seed=settings.seed, precision=settings.precision)
    return _level(own, folder, run)


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
        seed=settings.seed,
        workers=workers,
    )


def _describe(record: Record, prepared: Prepared, before: describe.Digests, run: Run) -> None:
    levels, settings = prepared.levels, prepared.settings
    record.settings["compute"] = prepared.precision.compute
    record.counts = describe.counts(prepared)
    record.trail = (
        [[step.name, step.trainable] for step in levels.trail]
        if levels
        else [["every weight of a fresh base trains", record.counts["trainable"]]]
    )
    record.versions, record.revisions = describe.versions(), dict(prepared.revisions)
    record.data, record.hardware = prepared.data, describe.hardware(run.workers)
    record.seeds = {"adapters, order of rows and dropout": settings.seed}
    record.hashes = before.to_dict("before")
    run.watcher.said(prepared.precision.reason)


def _kept(record: Record, folder: Path, run: Run) -> Record:
    record.times["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
    record.peak_memory = describe.peak_memory()
    if run.workers.writes:
        write_record(record, folder)
    return record


def _notebook(record: Record) -> str:
    trail = " → ".join(f"{number:,}" for _, number in record.trail)
    return (
        "The notebook's cells, as written: both adapters bear one name, so that Level 1 is partly "
        f"replaced and partly trained on (trainable weights: {trail}). What is saved will not load "
        "as the document's Option A does; train --variant stated keeps both levels."
    )


def _changed(folder: Path, name: str, before: Any, now: Any) -> UserError:
    option = name.replace("_", "-")
    return UserError(
        f"A run cannot go on with another {name}.",
        expected=f"{name} {before!r}, as {folder / NAME} has it",
        got=repr(now),
        next_command=f"{TRAIN} --resume {folder}  (without --{option}, or a new run elsewhere)",
    )
