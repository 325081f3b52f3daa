"""The steps of a run: go on from the last checkpoint, step, save, stop when asked.

What stops a run early is told in three places: the error that the user sees, the record's ``said``,
and a checkpoint of the last step that was taken whole.
"""

from __future__ import annotations

import errno
import signal
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.training import checkpoints
from paper_repro.training.events import events
from paper_repro.training.feed import feed
from paper_repro.training.push import push
from paper_repro.training.record import Record, write_record
from paper_repro.training.settings import FREE
from paper_repro.training.step import NotFinite, Training
from paper_repro.training.watch import Stepped

if TYPE_CHECKING:
    from paper_repro.training.context import Run
    from paper_repro.training.prepare import Prepared

CHECKPOINTS = "checkpoints"
COMPARED = {
    "base_before": "base",
    "earlier_before": "Level 1 adapter",
    "newest_before": "adapter before its first step",
    "fingerprint": "data set",
}
COMMAND = "python -m paper_repro train"


def take_steps(
    prepared: Prepared, training: Training, record: Record, folder: Path, run: Run
) -> bool:
    """Train up to the last step.

    Returns:
        Whether it was reached; False when a signal asked to stop, the state being saved.

    Raises:
        UserError: what stood in the way, the state being saved and the record written.
    """
    import torch

    place = folder / CHECKPOINTS
    _go_on(prepared, training, record, folder, run)
    checkpoints.check_room(folder, training)
    try:
        return _loop(prepared, training, record, folder, run)
    except NotFinite as error:
        problem = _not_finite(error, prepared)
    except torch.cuda.OutOfMemoryError as error:
        problem = _out_of_memory(error, prepared, folder)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        problem = _disk_full(error, folder)
    training.optimizer.zero_grad()
    record.status, record.said = "failed", str(problem)
    if run.workers.writes:
        _try_to_save(place, training, record, folder)
    raise problem


def _loop(prepared: Prepared, training: Training, record: Record, folder: Path, run: Run) -> bool:
    plan, every = prepared.plan, run.options.save_every
    earlier, began, took = record.times.get("seconds", 0.0), time.perf_counter(), list[float]()
    batches = feed(prepared.examples, plan, training.steps, run.workers.share, run.options.loaders)
    with events(folder, training.steps, on=run.workers.writes) as write_event:
        for micro_batches, samples in batches:
            rate, started = training.schedule(training.steps), time.perf_counter()
            loss = training.step(micro_batches, samples)
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
                record.said = f"{_signal(run)} after step {training.steps:,} of {plan.steps:,}"
                return False
    return True


def _go_on(prepared: Prepared, training: Training, record: Record, folder: Path, run: Run) -> None:
    """Load the last good checkpoint, where there is one; else begin at step 0."""
    found, problems = checkpoints.newest(folder / CHECKPOINTS)
    for problem in problems:
        run.watcher.said(problem)
    steps = run.workers.first_says(found.steps if found else 0)
    if found is None or steps == 0:
        record.losses, record.learning_rates, record.steps = [], [], 0
        record.times |= {"seconds": 0.0, "seconds_per_step": 0.0}
        if problems:
            run.watcher.said("No checkpoint can be used: it begins again, at step 0.")
        return
    _compare(found, record, folder)
    training.load_state(found.tensors, found.numbers)
    about = found.about
    record.losses, record.learning_rates = list(about["losses"]), list(about["learning_rates"])
    record.times["seconds"], record.steps = about["seconds"], training.steps
    record.resumed_at.append(training.steps)
    run.watcher.said(f"Going on after step {training.steps:,} of {prepared.plan.steps:,}.")


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


def _about(record: Record) -> dict[str, Any]:
    """What a checkpoint says beside its state."""
    return {
        "settings": record.settings,
        "fingerprint": record.data.get("fingerprint", ""),
        "losses": record.losses,
        "learning_rates": record.learning_rates,
        "seconds": record.times["seconds"],
    } | {name: record.hashes[name] for name in record.hashes if name in COMPARED}


def _save(training: Training, record: Record, folder: Path, run: Run) -> None:
    if run.workers.writes:
        made = checkpoints.write(folder / CHECKPOINTS, training, _about(record))
        write_record(record, folder)
        if run.options.push:
            record.warnings += push(made, run.options.push)
    run.workers.wait()


def _try_to_save(place: Path, training: Training, record: Record, folder: Path) -> None:
    record.steps = training.steps
    try:
        checkpoints.write(place, training, _about(record))
        write_record(record, folder)
    except OSError as error:  # the disk is full; what is there stays whole
        record.said += f" The state could not be saved: {error}"


def _signal(run: Run) -> str:
    number = run.asked()
    return signal.Signals(number).name if number else "a signal to another process"


def _not_finite(error: NotFinite, prepared: Prepared) -> UserError:
    lower = prepared.settings.learning_rate / 10
    return UserError(
        f"Step {error.step:,} gave a {error.what} that is no finite number; it was not taken.",
        expected=f"a finite {error.what}",
        got=str(error.value),
        next_command=f"train anew with --learning-rate {lower:g}, or --precision fp32",
    )


def _out_of_memory(error: Exception, prepared: Prepared, folder: Path) -> UserError:
    settings = prepared.settings
    smaller = max(1, settings.batch // 2)
    more = settings.batch * settings.accumulation // smaller
    way = (
        f"--batch {smaller} --accumulation {more}"
        if settings.batch > 1
        else "--checkpointing  (or smaller frames)"
    )
    return UserError(
        f"The card's memory does not hold a pass of {settings.batch} rows.",
        expected="room for the model and one pass",
        got=str(error).partition(". ")[0],
        next_command=f"{COMMAND} --resume {folder} {way}",
    )


def _disk_full(error: OSError, folder: Path) -> UserError:
    found, _ = checkpoints.newest(folder / CHECKPOINTS)
    last = f"the last good checkpoint is of step {found.steps:,}" if found else "none was written"
    return UserError(
        f"The disk of {folder} is full; {last}.",
        expected="room for a checkpoint",
        got=str(error),
        next_command=f"make room, then: {COMMAND} --resume {folder}",
    )
