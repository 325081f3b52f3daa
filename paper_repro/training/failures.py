"""What ends a run early, in the user's words: what was expected, what was got, the next command."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.errors import UserError
from paper_repro.training import checkpoints

if TYPE_CHECKING:
    from paper_repro.training.settings import Settings

COMMAND = "python -m paper_repro train"
CHECKPOINTS = "checkpoints"
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class NotFinite(ArithmeticError):
    """A step whose loss or gradient is no finite number; nothing was updated.

    Attributes:
        step: its number, counted from 0.
        what: ``loss`` or ``gradient norm``.
        value: what was got.
    """

    def __init__(self, step: int, what: str, value: float) -> None:
        super().__init__(f"step {step}: expected a finite {what}, got {value}")
        self.step, self.what, self.value = step, what, value


def told(error: Exception, settings: Settings, folder: Path) -> UserError | None:
    """The error as a user is told it; None where it is none of those that a run expects."""
    import torch

    if isinstance(error, UserError):
        return error
    if isinstance(error, NotFinite):
        return _not_finite(error, settings)
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return _out_of_memory(error, settings, folder)
    return _disk_full(error, folder) if disk_is_full(error) else None


def disk_is_full(error: Exception) -> bool:
    """Whether it says so; safetensors gives the system's number in its words only."""
    from safetensors import SafetensorError

    if isinstance(error, OSError):
        return error.errno in _FULL
    number = re.search(r"\(os error (\d+)\)", str(error))
    return isinstance(error, SafetensorError) and number is not None and int(number[1]) in _FULL


def _not_finite(error: NotFinite, settings: Settings) -> UserError:
    lower = settings.learning_rate / 10
    return UserError(
        f"Step {error.step + 1:,} gave a {error.what} that is no finite number; it was not taken.",
        expected=f"a finite {error.what}",
        got=str(error.value),
        next_command=f"the same command with --learning-rate {lower:g}, or --precision fp32, and "
        "another --out",
    )


def _out_of_memory(error: Exception, settings: Settings, folder: Path) -> UserError:
    return UserError(
        f"The card's memory does not hold a pass of {settings.batch} rows.",
        expected="room for the model and one pass",
        got=str(error).partition(". ")[0],
        next_command=f"{COMMAND} --resume {folder} {_in_less_memory(settings)}",
    )


def _in_less_memory(settings: Settings) -> str:
    """Options with which the run may go on: the same rows in smaller passes, if there are any."""
    rows = settings.batch * settings.accumulation
    for smaller in range(settings.batch // 2, 0, -1):
        if rows % smaller == 0:
            return f"--batch {smaller} --accumulation {rows // smaller}"
    return "(on a larger card)" if settings.checkpointing else "--checkpointing"


def _disk_full(error: Exception, folder: Path) -> UserError:
    found, _ = checkpoints.newest(folder / CHECKPOINTS)
    last = f"the last good checkpoint is of step {found.steps:,}" if found else "none was written"
    return UserError(
        f"The disk of {folder} is full; {last}.",
        expected="room for a checkpoint",
        got=str(error),
        next_command=f"make room, then: {COMMAND} --resume {folder}",
    )
