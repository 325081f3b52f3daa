"""Train a level: ``train(settings, folder, options)``, and ``resume(folder, options)``.

A run is a folder. ``record.json`` is in it from the first moment and says what became of the run;
``checkpoints`` holds its state; ``adapter`` (or ``base``, for Level 0) is there when it has
finished. Level 2 trains its Level 1 in ``level1`` where none is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from paper_repro.errors import UserError
from paper_repro.training.context import Options, Run
from paper_repro.training.failures import COMMAND
from paper_repro.training.level import never_began, train_level
from paper_repro.training.lock import locked
from paper_repro.training.record import NAME, Record, read_record
from paper_repro.training.settings import FREE, Change, Settings, changes, may_go_on
from paper_repro.training.stopping import asked_to_stop
from paper_repro.training.watch import Silent, Watcher
from paper_repro.training.workers import joined

_SILENT = Silent()


def train(settings: Settings, folder: Path, options: Options, watcher: Watcher = _SILENT) -> Record:
    """Train from the beginning.

    Returns:
        The record: finished, or interrupted when a signal asked to stop.

    Raises:
        UserError: there is a run in the folder already, something cannot be had or used, a loss
            is not finite, or the card's memory or the disk is full.
    """
    if (folder / NAME).exists() and not never_began(folder):
        raise UserError(
            f"{folder} holds a run already.",
            expected="an empty folder, or one that is not there yet",
            got=f"{NAME}, status {read_record(folder).status}",
            next_command=f"{COMMAND} --resume {folder}  (or name another folder with --out)",
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
            raise _changed(folder, change, before)
    return _together(now, folder, options, watcher)


def _together(settings: Settings, folder: Path, options: Options, watcher: Watcher) -> Record:
    from paper_repro.study import load_study

    folder.mkdir(parents=True, exist_ok=True)
    with joined(options.device) as workers, ExitStack() as held:
        workers.check(settings.accumulation)
        if workers.writes:
            held.enter_context(locked(folder))
        heard = watcher if workers.writes else _SILENT
        asked = held.enter_context(asked_to_stop(heard.said))
        return train_level(settings, folder, Run(load_study(), options, heard, workers, asked))


def _changed(folder: Path, change: Change, before: Settings) -> UserError:
    expected = f"{change.name} {change.before!r}, as {folder / NAME} has it"
    if change.name in FREE:
        expected += f", or batch × accumulation = {before.batch * before.accumulation}"
    option = change.name.replace("_", "-")
    return UserError(
        f"A run cannot go on with another {change.name}.",
        expected=expected,
        got=repr(change.now),
        next_command=f"{COMMAND} --resume {folder}  (without --{option}, or a new run elsewhere)",
    )
