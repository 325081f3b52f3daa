"""The real command in processes of its own, forked from one that has imported torch already.

``start(["train", "2", …], folder)`` is ``python -m paper_repro train 2 …`` in ``folder``, 8 seconds
sooner. Python's forkserver imports this module once; what it imports, every child has.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]


@cache
def server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__name__}_preloaded"])
    return context


def start(words: list[str], folder: Path, **how: Any) -> BaseProcess:
    """Begin a command; its output goes to ``folder/out.txt`` and ``folder/err.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(TOP)}  # of the server, at its start
    try:
        child = server().Process(target=command, args=(words, folder), kwargs=how, daemon=True)
        child.start()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return child


def command(words: list[str], folder: Path, largest_file: int = 0) -> None:
    """What the child does; ``largest_file`` makes the disk full for files of more bytes."""
    for name, number in (("out.txt", 1), ("err.txt", 2)):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the server's children ignore it
    if largest_file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    from paper_repro.cli import main

    sys.argv = ["paper_repro", *words]
    main()


def ended(child: BaseProcess) -> int:
    """Wait; the exit code, or the negative number of the signal that killed it."""
    child.join(120)
    assert child.exitcode is not None
    return child.exitcode


def wait_for(child: BaseProcess, there: Callable[[], bool]) -> bool:
    """Watch closely until it is there; False where the child has ended before."""
    while child.exitcode is None:
        with suppress(FileNotFoundError):
            if there():
                return True
        time.sleep(0.0002)
    return False


def kill(child: BaseProcess) -> None:
    with suppress(ProcessLookupError):
        os.kill(child.pid or 0, signal.SIGKILL)
    ended(child)
