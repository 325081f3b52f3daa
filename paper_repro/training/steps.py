"""The steps of a run: go on from the last checkpoint, step, save, stop when asked.

What stops a run early is told in three places: the error that the user sees, the record's ``said``,
and a checkpoint of the last step that was taken whole.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.training import checkpoints
from paper_repro.training.events import events
from paper_repro.training.failures import CHECKPOINTS, COMMAND, disk_is_full
from paper_repro.training.feed import Lookahead, Made, feed
from paper_repro.training.push import push
from paper_repro.training.record import Record, write_record
from paper_repro.training.settings import FREE
from paper_repro.training.step import Training
from paper_repro.training.stopping import name_of
from paper_repro.training.watch import Stepped

if TYPE_CHECKING:
    from paper_repro.training.context import Run
    from paper_repro.training.prepare import Prepared

COMPARED = {
    "base_before": "base",
    "earlier_before": "Level 1 adapter",
    "newest_before": "adapter before its first step",
    "fingerprint": "data set",
}
COMPUTES = ("device", "name", "threads", "processes")
"""Of the hardware: what decides in which order sums are rounded."""


def take_steps(
    prepared: Prepared, training: Training, record: Record, folder: Path, run: Run
) -> bool:
    """Train up to the last step.

    Returns:
        Whether it was reached; False when a signal asked to stop, the state being saved.

    Raises:
        UserError, NotFinite, OSError: what stood in the way, the state being saved.
    """
    place = folder / CHECKPOINTS
    _go_on(prepared, training, record, folder, run)
    checkpoints.check_room(place, training)
    try:
        return _loop(prepared, training, record, folder, run)
    except Exception:
        training.optimizer.zero_grad()
        if run.workers.writes:
            _try_to_save(place, training, record)
        raise


def _loop(prepared: Prepared, training: Training, record: Record, folder: Path, run: Run) -> bool:
    plan, every = prepared.plan, run.options.save_every
    earlier, began, took = record.times.get("seconds", 0.0), time.perf_counter(), list[float]()
    batches = Lookahead(_ready(prepared, training, run))
    with events(folder, training.steps, on=run.workers.writes) as write_event:
        for micro_batches, samples in batches:
            rate, started = training.schedule(training.steps), time.perf_counter()
            loss = training.step(micro_batches, samples, batches.fetch)
            took.append(time.perf_counter() - started)
            record.losses.append(loss)
            record.learning_rates.append(rate)
            stepped = Stepped(training.steps, plan.steps, loss, rate, samples, took[-1])
            write_event(stepped)
            run.watcher.stepped(stepped)
            stop = run.workers.any(bool(run.asked()))
            if stop or training.steps % every == 0 or training.steps == plan.steps:
                record.steps = training.steps
                record.times["seconds"] = earlier + time.perf_counter() - began
                record.times["seconds_per_step"] = statistics.median(took)
                _save(training, record, folder, run)
            if stop and training.steps < plan.steps:
                record.status = "interrupted"
                record.said = (
                    f"{name_of(run.asked())} after step {training.steps:,} of {plan.steps:,}"
                )
                return False
    return True


def _ready(prepared: Prepared, training: Training, run: Run) -> Iterator[tuple[Made, int]]:
    """Micro-batches of every step that is left, as ready as they can be."""
    first, share = training.steps, run.workers.share
    batches = feed(prepared.examples, prepared.plan, first, share, run.options.loaders)
    for step, (micro_batches, samples) in enumerate(batches, first):
        yield micro_batches.each(partial(training.ahead, step=step)), samples


def _go_on(prepared: Prepared, training: Training, record: Record, folder: Path, run: Run) -> None:
    """Load the last good checkpoint, where there is one; else begin at step 0."""
    found, problems = checkpoints.newest(folder / CHECKPOINTS)
    for problem in problems:
        run.watcher.said(problem)
    own = found.steps if found else 0
    if own != (steps := run.workers.first_says(own)):
        raise _other_checkpoint(folder, steps, own)
    if found is None or steps == 0:
        record.losses, record.learning_rates, record.steps = [], [], 0
        record.times |= {"seconds": 0.0, "seconds_per_step": 0.0}
        if problems:
            run.watcher.said("No checkpoint can be used: it begins again, at step 0.")
        return
    record.times = {"seconds": 0.0, "seconds_per_step": 0.0} | record.times  # of a killed run
    _compare(found, record, folder)
    training.load_state(found.tensors, found.numbers)
    about = found.about
    record.losses, record.learning_rates = list(about["losses"]), list(about["learning_rates"])
    record.times["seconds"], record.steps = about["seconds"], training.steps
    record.resumed_at.append(training.steps)
    run.watcher.said(f"Going on after step {training.steps:,} of {prepared.plan.steps:,}.")
    for line in _otherwise(about, _about(record)):
        run.watcher.said(line)
        record.warnings.append(line)


def _compare(found: checkpoints.Checkpoint, record: Record, folder: Path) -> None:
    """Refuse a checkpoint of another base, Level 1 or rows, or of other settings."""
    there, here = found.about, _about(record)
    pairs = [(what, there[key], here[key]) for key, what in COMPARED.items()]
    settings = there["settings"]
    pairs += [(n, settings[n], here["settings"][n]) for n in settings if n not in FREE]
    for what, began_with, got in pairs:
        if began_with != got:
            raise UserError(
                f"The run in {folder} began with another {what}.",
                expected=str(began_with),
                got=str(got),
                next_command=f"restore it, or train anew in another folder: {COMMAND} --help",
            )


def _otherwise(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """What is computed otherwise than before, though it is the same that is computed."""
    before = {name: there["settings"][name] for name in FREE} | there["computed"]
    now = {name: here["settings"][name] for name in FREE} | here["computed"]
    for name in before:
        if before[name] != now.get(name):
            changed = f"{name} was {before[name]} and is now {now.get(name)}"
            yield f"{changed}: the numbers agree to rounding from here on."


def _other_checkpoint(folder: Path, first: int, own: int) -> UserError:
    return UserError(
        f"The processes do not see the same checkpoints in {folder}.",
        expected=f"one of step {first:,}, as the first process has it",
        got=f"step {own:,}",
        next_command=f"ls {folder / CHECKPOINTS}  (on every machine: the folder must be shared)",
    )


def _about(record: Record) -> dict[str, Any]:
    """What a checkpoint says beside its state."""
    return {
        "settings": record.settings,
        "fingerprint": record.data.get("fingerprint", ""),
        "losses": record.losses,
        "learning_rates": record.learning_rates,
        "seconds": record.times["seconds"],
        "computed": {name: record.hardware[name] for name in COMPUTES} | record.versions,
    } | {name: record.hashes[name] for name in record.hashes if name in COMPARED}


def _save(training: Training, record: Record, folder: Path, run: Run) -> None:
    if run.workers.writes:
        made = checkpoints.write(folder / CHECKPOINTS, training, _about(record))
        write_record(record, folder)
        if run.options.push and (problems := push(made, run.options.push)):
            record.warnings += problems
            write_record(record, folder)
            run.watcher.said(problems[0])
    run.workers.wait()


def _try_to_save(place: Path, training: Training, record: Record) -> None:
    """The state after the last step that was taken whole, unless it is there or there is none."""
    record.steps = training.steps
    found, _ = checkpoints.newest(place)
    if training.torn:
        record.said = "An update was broken off: the last checkpoint is the last good state."
    elif found is None or found.steps != training.steps:
        try:
            checkpoints.write(place, training, _about(record))
        except Exception as error:
            if not disk_is_full(error):
                raise
            record.said = f"The state could not be saved: {error}"
