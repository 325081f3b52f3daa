"""Processes under ``torchrun``: started, waited for, and ended with all that they started.

``torchrun`` puts each of its processes into a session of its own, so that ending its group does not
reach them. All that is started here therefore carries a mark in its environment, by which it is
found again.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "SCALE_OUT_RUN"
PATIENCE = 5.0
"""Seconds that ``torchrun`` has to end its processes by itself."""
LONGEST = 300
"""Characters of why a process failed."""
_ENDED = re.compile(r"exitcode\s*:\s*(-?\d+)")


def environment(folder: Path, tiny: bool, most: int) -> dict[str, str]:
    """Of all processes: no network, as many cards as there are, or none, the same number of threads
    however many processes there are, and compiled code kept with the inputs.

    Args:
        most: processes that are ever started at once.
    """
    found = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": str(max(1, cores() // most)),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "compiled"),
        "TRITON_CACHE_DIR": str(folder / "compiled" / "triton"),
    }
    return found | ({"CUDA_VISIBLE_DEVICES": ""} if tiny else {})


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def torchrun(processes: int) -> list[str]:
    """What comes after ``python -m``: on this machine, which need not have a name."""
    return [
        "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1",
        f"--nproc-per-node={processes}", "-m",
    ]  # fmt: skip


def run(words: Sequence[str], env: Mapping[str, str], log: Path, limit: float) -> str:
    """One command to its end, what it prints being seen; why it failed, or nothing.

    Args:
        words: after ``python -m``.
        log: where standard error goes.
        limit: seconds.
    """
    with log.open("wb") as said, _started(words, env, said.fileno()) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return f"it took more than {limit:.0f} seconds"
    return "" if code == 0 else ended(log.read_text(encoding="utf-8", errors="replace"), code)


def ended(said: str, code: int) -> str:
    """What standard error tells of a failure: the code of the process that failed first, which
    ``torchrun`` reports last, or else the last line."""
    if codes := _ENDED.findall(said):
        return f"a process ended with code {codes[-1]}"
    spoken = [line.strip() for line in said.splitlines() if line.strip()]
    return spoken[-1][:LONGEST] if spoken else f"it ended with code {code}"


def first_failure(out: Path) -> str:
    """What the process said that failed first; nothing where none said anything."""
    found = sorted(out.glob("failed-*"), key=lambda path: path.stat().st_mtime_ns)
    return found[0].read_text(encoding="utf-8")[:LONGEST] if found else ""


@contextmanager
def _started(
    words: Sequence[str], env: Mapping[str, str], said: int
) -> Iterator[subprocess.Popen[bytes]]:
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.DEVNULL,
        stderr=said,
        cwd=ROOT,
        env={**env, MARK: mark},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for left in marked(mark):
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        process.wait()


def marked(mark: str) -> list[int]:
    """Processes with this mark in their environment; on Linux alone."""
    entry, found = f"{MARK}={mark}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if entry in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found
