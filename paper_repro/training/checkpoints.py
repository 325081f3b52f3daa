"""Checkpoints: the whole state of a run after a step, written whole or not at all.

``write(folder, training, about)`` puts ``step-00000100`` below the folder: into a neighbour first,
flushed to the disk, then renamed. ``newest(folder)`` reads the latest one that is whole, and says
what is wrong with later ones. A checkpoint holds tensors (safetensors) and numbers (JSON) only, and
the digests of both: nothing is unpickled, and a byte that changed is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from paper_repro.training.step import Training

KEPT = 2
"""Checkpoints that stay, as the notebook's ``save_total_limit``."""
TENSORS, NUMBERS = "state.safetensors", "state.json"
_NAME = "step-{:08d}"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole.

    Attributes:
        tensors, numbers: what :meth:`paper_repro.training.step.Training.state` gave.
        about: what the run added: settings, hashes, losses so far.
    """

    folder: Path
    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def steps(self) -> int:
        """Optimizer steps taken."""
        return int(self.numbers["steps"])


class Broken(Exception):
    """A checkpoint that cannot be used, and why."""


def write(folder: Path, training: Training, about: Mapping[str, Any], kept: int = KEPT) -> Path:
    """Write a checkpoint, then delete all but the newest.

    Raises:
        OSError: the disk is full or gone; earlier checkpoints stay as they were.
    """
    from safetensors.torch import save_file

    target = folder / _NAME.format(training.steps)
    passing = folder / f".{target.name}"
    for half_made in folder.glob(".step-*"):
        shutil.rmtree(half_made, ignore_errors=True)
    passing.mkdir(parents=True)
    tensors, numbers = training.state()
    try:
        save_file(tensors, passing / TENSORS)
        body = json.dumps({"numbers": numbers, "about": about})
        sums = {TENSORS: _sha256(passing / TENSORS), NUMBERS: _sha256_of(body.encode())}
        (passing / NUMBERS).write_text(json.dumps({"sha256": sums, "body": body}))
        for file in (passing / TENSORS, passing / NUMBERS, passing):
            _flush(file)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(passing, target)
        _flush(folder)
    except BaseException:
        shutil.rmtree(passing, ignore_errors=True)
        raise
    for old in _all(folder)[kept:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def read(folder: Path) -> Checkpoint:
    """Read one checkpoint.

    Raises:
        Broken: a file is missing, cut short or changed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        outer = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
        sums, body = outer["sha256"], outer["body"]
        if _sha256_of(body.encode()) != sums[NUMBERS]:
            raise Broken(f"{NUMBERS} is not as it was written")
        if _sha256(folder / TENSORS) != sums[TENSORS]:
            raise Broken(f"{TENSORS} is cut short or changed")
        tensors = load_file(folder / TENSORS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from None
    inner = json.loads(body)
    return Checkpoint(folder, tensors, inner["numbers"], inner["about"])


def newest(folder: Path) -> tuple[Checkpoint | None, tuple[str, ...]]:
    """The latest checkpoint that is whole, and what is wrong with any after it."""
    said: list[str] = []
    for place in _all(folder):
        try:
            return read(place), tuple(said)
        except Broken as error:
            said.append(f"{place.name} cannot be used: {error}")
    return None, tuple(said)


def check_room(folder: Path, training: Training, kept: int = KEPT) -> None:
    """Refuse to start where the disk cannot hold the checkpoints that will be there at once.

    Args:
        folder: of the checkpoints; those that are there already take no more room.

    Raises:
        UserError: with the bytes that are free and those that it takes.
    """
    weights = sum(tensor.nbytes for tensor in training.trained.values())
    more = max(1, kept + 1 - len(_all(folder)))
    needed = more * 3 * weights  # two moments as large as the weights at most
    run = folder.parent
    free = shutil.disk_usage(run).free
    if free < needed:
        raise UserError(
            f"The disk of {run} has no room for the checkpoints.",
            expected=f"{needed / 1e6:,.1f} MB for {more} of them",
            got=f"{free / 1e6:,.1f} MB free",
            next_command=f"df -h {run}  (make room, or name another folder with --out)",
        )


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"), reverse=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
