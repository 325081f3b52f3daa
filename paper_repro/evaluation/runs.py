"""The model and the rows of a run: ``of_run(folder)`` and ``splits_of_run(folder)``.

Both follow the run's record. What the record names and is gone is an error: the answers of another
base, or to other rows, are not the run's.
"""

from __future__ import annotations

from pathlib import Path

from paper_repro.data.source import Splits, load_rows
from paper_repro.errors import UserError
from paper_repro.evaluation.loading import Wanted
from paper_repro.training.base import base_named
from paper_repro.training.record import NAME, Record, read_record


def run_of(folder: Path) -> Path | None:
    """The run that this folder is of: itself, or the one whose ``adapter`` or part it is."""
    above = (folder, folder.resolve().parent, folder.resolve().parent.parent)
    return next((run for run in above if (run / NAME).is_file()), None)


def of_run(folder: Path) -> Wanted:
    """What a run trained, and on what, as its record says.

    Raises:
        UserError: there is no record, the run has not finished, or its base is gone.
    """
    record = read_record(folder / NAME)
    if record.status != "finished":
        raise _unfinished(folder, record)
    size = str(record.settings.get("size"))
    if (folder / "base").is_dir():
        return Wanted(size, str(folder / "base"))
    if not (folder / "adapter").is_dir():
        raise _no_run(folder, "neither adapter nor base below it")
    named = str(record.settings.get("base") or "")
    revision = _revision(record, "base", named)
    _refuse_gone(folder, "base", named, revision)
    return Wanted(size, base_named(named), revision, str(folder / "adapter"))


def splits_of_run(folder: Path) -> Splits:
    """A run's data set, as its record names it; where none is named, frames are drawn again.

    Raises:
        UserError: there is no record, or the rows cannot be had.
    """
    record = read_record(folder / NAME)
    named = str(record.settings.get("data") or "")
    if not named:
        from paper_repro.miniature.rows import drawn_splits

        return drawn_splits(record.settings["level"])
    revision = _revision(record, "data", named)
    _refuse_gone(folder, "data", named, revision)
    return load_rows(named, revision)


def _revision(record: Record, what: str, where: str) -> str | None:
    """The commit that the run used; folders have none."""
    return None if Path(where).is_dir() else record.revisions.get(what) or None


def _refuse_gone(folder: Path, what: str, named: str, revision: str | None) -> None:
    """A run that used a folder, not a repository, needs it: another's answers are not its own."""
    if named and revision is None and not Path(named).is_dir():
        raise UserError(
            f"The {what} of the run in {folder} is gone.",
            expected=f"the folder {named}, as {NAME} names it",
            got="no such folder here",
            next_command=f"ls {Path(named).parent}",
        )


def _unfinished(folder: Path, record: Record) -> UserError:
    return UserError(
        f"The run in {folder} has not finished, so there is nothing to ask yet.",
        expected=f"{NAME} with status finished",
        got=f"status {record.status} after {record.steps:,} steps",
        next_command=f"python -m paper_repro train --resume {folder}",
    )


def _no_run(folder: Path, got: str) -> UserError:
    return UserError(
        f"{folder} is no run of this package.",
        expected="a folder that python -m paper_repro train wrote, with record.json",
        got=got,
        next_command="python -m paper_repro train --help",
    )
