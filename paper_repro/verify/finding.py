"""What a stage says: one value for one quantity, with the evidence behind it.

Stages know nothing of claims. They yield findings; ``settle`` lays claims beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from paper_repro.judging import Key, Value

if TYPE_CHECKING:
    from paper_repro.study import Study


class Stage(StrEnum):
    """How a check gets its evidence, from cheapest to dearest; last, the records of real runs."""

    ARITHMETIC = "arithmetic"
    INSTANTIATE = "instantiate"
    TRAIN = "train"
    GPU = "gpu"
    HUB = "hub"
    RECORD = "record"


DEFAULT_STAGES = (Stage.ARITHMETIC, Stage.INSTANTIATE, Stage.TRAIN)


class Evidence(StrEnum):
    """The kinds of evidence, strongest first."""

    MEASURED = "measured here"
    HUB = "read from the hub"
    INSTANTIATED = "instantiated"
    DERIVED = "derived"
    LOG = "author's log"
    QUOTED = "quoted only"


class Subject(NamedTuple):
    """A quantity of one thing: ``("adapter.parameters", "unified")``.

    ``of`` is an id of the study (a model, adapter, data set or hub name), or ``""`` for the run.
    """

    quantity: str
    of: str = ""


@dataclass(frozen=True)
class Finding:
    """One value, found by one stage, at one variant and convention.

    Attributes:
        subject: the quantity and whose it is.
        key: variant and denominator; both empty where they make no difference.
        value: in the quantity's own unit; ``None`` when the check ran and leaves it open.
        formula: how the value came about, filled in: ``16 × 28 × (3,072 + …) = 4,358,144``.
        evidence: its kind.
        stage: who found it.
        error: set when the check itself broke; the value then means nothing.
        speaks_as: stages in whose place a record's finding may decide a claim.
    """

    subject: Subject
    key: Key
    value: Value
    formula: str
    evidence: Evidence
    stage: Stage
    error: str | None = None
    speaks_as: tuple[Stage, ...] = ()


Wanted = frozenset[Subject]
Progress = Callable[[str], None]


class StageRunner(Protocol):
    """A stage: yields findings for the subjects that are wanted, and may skip all others.

    Raises:
        StageUnavailable: when it cannot run here; its claims become ``not checked``.
    """

    def __call__(self, study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]: ...


class StageUnavailable(Exception):
    """This machine cannot run the stage: why, and the command that would elsewhere."""

    def __init__(self, reason: str, command: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.command = command
