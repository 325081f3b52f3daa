"""Write a file whole or not at all.

``can_hold(path, …)`` refuses beforehand a place that could not hold a file, ``refusal(path)`` says
why, and ``write(text, path)`` writes into a neighbour first and then moves it into place. What
stood there before is untouched when anything fails.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from paper_repro.errors import UserError


def refusal(path: Path) -> str:
    """Why a place cannot hold a file, in a few words; empty where it can. Leaves nothing there."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        return "something there that is not a file"
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def can_hold(path: Path, next_command: str) -> None:
    """Refuse a place that cannot hold a file, before work is spent on it; leaves nothing there.

    Raises:
        UserError: it is no file, or its folder is not there or takes none.
    """
    if why := refusal(path):
        raise unwritable(path, why, next_command)


def unwritable(path: Path, got: str, next_command: str) -> UserError:
    """The error that a place could not hold a file.

    Args:
        got: why.
    """
    return UserError(
        f"{path} could not be written; nothing was changed there.",
        expected="a file's name, in a folder that exists and can be written, on a disk with room",
        got=got,
        next_command=next_command,
    )


def write(text: str, path: Path) -> None:
    """Write UTF-8, with the rights of the file that it replaces.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    target = path.resolve()
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=".whole-", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.replace(temporary, target)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
