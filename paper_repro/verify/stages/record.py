"""What records of real runs say: evidence ``measured here``, at the variant that each trained.

``reading(admitted)`` gives the stage for what :mod:`paper_repro.verify.records` admitted. Only
what a run measured is evidence; what it was told (rank, seed, precision) decides nothing. A run of
the miniature speaks where the train stage may, one at true size where the gpu stage may too. A
bench speaks of hours alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paper_repro.judging import Key, Value
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
from paper_repro.verify.records import Benched, Run
from paper_repro.verify.stages.hours import hours, other_run

COMMAND = "python -m paper_repro verify --record DIR"


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """The stage without records, which has nothing to say.

    Raises:
        StageUnavailable: always.
    """
    raise StageUnavailable("no record of a run was given", COMMAND)


def reading(admitted: Sequence[Run | Benched]) -> StageRunner:
    """A stage that yields what these runs and benches measured."""
    runs = [each for each in admitted if isinstance(each, Run)]
    benches = [each for each in admitted if isinstance(each, Benched)]

    def stage(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
        progress(f"reading {len(admitted)} record{'s' * (len(admitted) != 1)}")
        for run in runs:
            for quantity, (value, formula) in _measured(study, run).items():
                if Subject(quantity) in wanted:
                    yield _found(quantity, run, value, f"{run.where}: {formula}")
        if Subject("run.hours") in wanted:
            yield from hours(study, runs, benches)

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
    if run.is_full and not other_run(study, run):
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
