"""Two processes that trained in one folder would spoil both runs: ``with locked(folder):``."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paper_repro.errors import UserError

NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder until the block or the process ends, however it ends.

    A file system without locks is used without one.

    Raises:
        UserError: another process holds it.
    """
    with (folder / NAME).open("w") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not inherited by loaders
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise UserError(
                    f"Another process trains in {folder}.",
                    expected="one process, or several started together by torchrun",
                    got="a lock that is held",
                    next_command="wait until it has ended, or name another folder with --out",
                ) from None
        yield
