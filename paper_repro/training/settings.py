"""Every setting of a run by its name: what a record keeps, a checkpoint compares, an option sets.

``Settings`` is plain data. Nothing here reads a study or a command line; see
:mod:`paper_repro.training.recipes` for the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from paper_repro.engine import TECHNIQUES
from paper_repro.errors import UserError
from paper_repro.training import optimizers, precision

Size = Literal["mini", "full"]
SIZES: tuple[Size, ...] = ("mini", "full")
FREE = ("batch", "accumulation", "checkpointing", "features", "features_cache", "without")
"""Settings with which a run may go on changed, as long as an effective batch holds the same rows:
they say how a step is computed, not what. The numbers then agree to rounding, not to the bit."""


@dataclass(frozen=True)
class Settings:
    """What a run is to do.

    Attributes:
        level: 0, 1 or 2.
        size: ``mini`` or ``full``.
        variant: of the study, for Level 2; empty for levels 0 and 1.
        base, level1, data: a folder, a hub id, or for the miniature empty: what the package ships,
            trains or draws itself.
        base_revision, level1_revision, data_revision: commit, tag or branch on the hub.
        precision: of the frozen base: ``nf4``, ``bf16``, ``fp16`` or ``fp32``.
        labels: ``answer``, or ``sequence``: prompt and picture placeholders too.
        batch: rows of one pass.
        accumulation: passes of an optimizer step.
        epochs: passes over all rows; at Level 0 over the lessons, which are as many as then make up
            ``max_steps``.
        max_steps: stop after so many optimizer steps; None: after the last epoch.
        optimizer: by the name that transformers' Trainer uses.
        learning_rate: at the end of the warm-up; a cosine follows.
        warmup: share of all steps.
        weight_decay: of matrices; norms and biases are spared.
        max_grad_norm: to which gradients are clipped.
        max_length: tokens of the longest row.
        checkpointing: recompute the language model's activations in the backward pass.
        features: run the frozen vision tower once a frame and keep what it gave; at Level 0 the
            tower of a named base is frozen with it.
        features_cache: folder that keeps what it gave for other runs too; empty: the run's own
            folder does, until it has finished.
        without: techniques of the engine to do without, by comma; see ``engine.TECHNIQUES``.
        seed: of new adapters, the order of rows, and dropout.
    """

    level: int
    size: Size
    variant: str = ""
    base: str = ""
    base_revision: str | None = None
    level1: str = ""
    level1_revision: str | None = None
    data: str = ""
    data_revision: str | None = None
    precision: str = "fp32"
    labels: Literal["answer", "sequence"] = "answer"
    batch: int = 1
    accumulation: int = 16
    epochs: int = 1
    max_steps: int | None = None
    optimizer: str = "adamw_torch"
    learning_rate: float = 1e-4
    warmup: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    max_length: int = 2048
    checkpointing: bool = False
    features: bool = True
    features_cache: str = ""
    without: str = ""
    seed: int = 42

    @property
    def techniques_off(self) -> tuple[str, ...]:
        """:attr:`without`, one by one."""
        return tuple(name.strip() for name in self.without.split(",") if name.strip())

    def to_dict(self) -> dict[str, Any]:
        """By name, for a record."""
        return asdict(self)

    @classmethod
    def from_dict(cls, named: Mapping[str, Any]) -> Settings:
        """From a record's settings; what else stands there is passed over, and what an earlier
        version did not know has its default.

        Raises:
            TypeError: level or size is missing.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in named.items() if name in known})


@dataclass(frozen=True)
class Change:
    """A setting with two values."""

    name: str
    before: Any
    now: Any


def changes(before: Settings, now: Settings) -> tuple[Change, ...]:
    """Settings that differ, in the order of their definition."""
    old, new = before.to_dict(), now.to_dict()
    return tuple(Change(name, old[name], new[name]) for name in old if old[name] != new[name])


def may_go_on(change: Change, before: Settings, now: Settings) -> bool:
    """Whether a run may go on with this change: see :data:`FREE`; at Level 0 a tower that is kept
    is one that is not trained."""
    same_rows = before.batch * before.accumulation == now.batch * now.accumulation
    same_tensors = before.level > 0 or change.name != "features"
    return change.name in FREE and same_rows and same_tensors


def refuse_unusable(settings: Settings) -> None:
    """Refuse values that no run can have, before anything is loaded.

    Raises:
        UserError: with the names that there are.
    """
    for name, known in {
        "optimizer": optimizers.NAMES,
        "precision": precision.NAMES,
        "labels": ("answer", "sequence"),
    }.items():
        if (got := getattr(settings, name)) not in known:
            raise _unusable(name, ", ".join(known), got)
    for name in settings.techniques_off:
        if name not in TECHNIQUES:
            raise _unusable("without", ", ".join(TECHNIQUES), name)
    if settings.level == 0 and settings.precision == "nf4":
        raise _unusable("precision", "bf16, fp16 or fp32, as Level 0 trains every weight", "nf4")
    if settings.features and settings.level == 0 and not settings.base:
        without = "--no-features, as the tower of a new base is trained, or --base DIR"
        raise _unusable("features", without, "--features")
    if settings.features_cache and not settings.features:
        without = "no --features-cache, as the tower is run at every pass, or --features"
        raise _unusable("features_cache", without, settings.features_cache)


def _unusable(name: str, expected: str, got: str) -> UserError:
    return UserError(
        f"{name} cannot be {got!r}.",
        expected=expected,
        got=repr(got),
        next_command="python -m paper_repro train --help",
    )
