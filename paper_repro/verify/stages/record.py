"""What records of real runs say: evidence ``measured here``, at the variant that each trained.

``reading(runs)`` gives the stage for runs that :mod:`paper_repro.verify.records` admitted. Only
what a run measured is evidence; what it was told (rank, seed, precision) decides nothing. A run of
the miniature speaks where the train stage may, one at true size where the gpu stage may too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from paper_repro.hardware.gpus import gpus
from paper_repro.judging import Interval, Key, Value
from paper_repro.study import Procedure, Study
from paper_repro.verify.finding import (
    Evidence,
    Finding,
    Progress,
    Stage,
    StageRunner,
    StageUnavailable,
    Subject,
    Wanted,
)
from paper_repro.verify.records import Run

COMMAND = "python -m paper_repro verify --record DIR"


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """The stage without records, which has nothing to say.

    Raises:
        StageUnavailable: always.
    """
    raise StageUnavailable("no record of a run was given", COMMAND)


def reading(runs: Sequence[Run]) -> StageRunner:
    """A stage that yields what these runs measured."""

    def stage(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
        progress(f"reading {len(runs)} record{'s' * (len(runs) != 1)}")
        for run in runs:
            for quantity, (value, formula) in _measured(study, run).items():
                if Subject(quantity) in wanted:
                    yield _found(quantity, run, value, f"{run.where}: {formula}")
        if Subject("run.hours") in wanted:
            yield from _hours(study, runs)

    return stage


def _found(quantity: str, run: Run, value: Value, formula: str) -> Finding:
    return Finding(
        Subject(quantity),
        Key(run.variant.id),
        value,
        formula,
        Evidence.MEASURED,
        Stage.RECORD,
        speaks_as=(Stage.TRAIN, Stage.GPU) if run.is_full else (Stage.TRAIN,),
    )


def _measured(study: Study, run: Run) -> dict[str, tuple[Value, str]]:
    """Values and the words for them, by quantity."""
    record = run.record
    base, earlier = record.base_changed, record.earlier_changed
    said: dict[str, tuple[Value, str]] = {
        "base.unchanged": (
            not base,
            f"SHA-256 of {record.base_tensors} base tensors before and after: {base} differ",
        )
    }
    if not base:
        text = f"none of {record.base_tensors} base tensors differs after {record.steps:,} steps"
        said["base.trainable"] = (0, text)
    moved = f"{earlier} of {record.earlier_tensors} earlier adapter tensors differ afterwards"
    if record.earlier_tensors:
        said["lower.unchanged"] = (not earlier, f"by SHA-256, {moved}")
    if run.variant.procedure is Procedure.STACK:
        said["lower.trainable"] = (bool(earlier), f"by SHA-256, {moved}")
    if run.variant.procedure is not Procedure.SECOND_WRAP:
        newest = record.hashes["newest_before"] != record.hashes["newest_after"]
        only = newest and not (earlier or base)
        verb = "changed" if newest else "did not change"
        said["trainable.only"] = (only, f"the newest adapter {verb}, {moved}, {base} of the base")
    if run.is_full and not _other_run(study, run):
        said["run.steps"] = (record.steps, "counted while it trained")
    if run.is_full:
        count = record.counts["trainable"]
        trail = " → ".join(f"{number:,} ({name})" for name, number in record.trail)
        said["trainable.parameters"] = (count, trail)
        adapters = sum(record.counts["by_adapter"].values())
        said["total.parameters"] = (
            record.counts["base"] + adapters,
            f"{record.counts['base']:,} + {adapters:,}",
        )
    return said


def _hours(study: Study, runs: Sequence[Run]) -> Iterator[Finding]:
    """Hours of whole runs: deciding on the study's card, told and left open on any other."""
    on_card: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if not run.is_full:
            continue
        if why := _other_card(run) or _other_run(study, run):
            yield _found("run.hours", run, None, f"{_timed(run)}, which decides nothing: {why}")
        else:
            on_card[run.variant.id].append(run)
    for same in on_card.values():
        hours = [_in_hours(run) for run in same]
        value = hours[0] if len(hours) == 1 else Interval(min(hours), max(hours))
        yield _found("run.hours", same[0], value, "; ".join(map(_timed, same)))


def _in_hours(run: Run) -> Fraction:
    return Fraction(run.record.times["seconds"]) / 3600


def _timed(run: Run) -> str:
    return f"{run.where}: {float(_in_hours(run)):.2f} h"


def _other_card(run: Run) -> str:
    """Empty on the card that the study names, else which that is."""
    card = gpus()[run.variant.settings.card].name
    words = set(run.record.hardware["name"].replace("-", " ").split())
    named = set(card.removeprefix("NVIDIA ").split())
    return "" if named <= words else f"the study names the {card}"


def _other_run(study: Study, run: Run) -> str:
    """Why it is not the whole run that the study describes; empty when it is."""
    settings, record = run.variant.settings, run.record
    if record.resumed_at:
        return "it was interrupted and resumed"
    for name in ("batch", "accumulation", "epochs", "max_length"):
        if record.settings[name] != getattr(settings, name):
            return f"{name} was {record.settings[name]}, the study has {getattr(settings, name)}"
    if record.settings.get("max_steps"):
        return f"it stopped after {record.settings['max_steps']} steps"
    rows, read = study.dataset(settings.dataset).train_rows, record.data["rows"].get("train")
    return "" if read == rows else f"it read {read} rows, the study has {rows:,}"
