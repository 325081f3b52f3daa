"""Processes of one contender each: started, waited for, and ended with all that they started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
"""Characters of what a failed process said last."""


def environment(folder: Path, tiny: bool, ahead: str = "") -> dict[str, str]:
    """Of a contender's process: no network, one card or none, and compiled code kept with the
    inputs, so that it goes when they go.

    Args:
        ahead: a folder of libraries that come before the installed ones.
    """
    found = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "compiled"),
        "TRITON_CACHE_DIR": str(folder / "compiled" / "triton"),
    }
    found["CUDA_VISIBLE_DEVICES"] = "" if tiny else found.get("CUDA_VISIBLE_DEVICES", "0")
    if ahead:
        before = found.get("PYTHONPATH", "")
        found["PYTHONPATH"] = os.pathsep.join([ahead, before]) if before else ahead
    return found


def run(words: Sequence[str], env: dict[str, str], log: Path, limit: float) -> str:
    """One process to its end; why it failed, or nothing.

    Args:
        words: after ``python -m``.
        log: where it says what it does.
        limit: seconds.
    """
    with log.open("wb") as said, _started(words, env, said) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return f"it took more than {limit:.0f} seconds"
    return "" if code == 0 else last_words(log) or f"it ended with code {code}"


@contextmanager
def _started(
    words: Sequence[str], env: dict[str, str], said: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """In a group of its own, which is ended in any case."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_words(log: Path) -> str:
    """The last line that a process said."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    spoken = [line.strip() for line in lines if line.strip()]
    return spoken[-1][:LONGEST] if spoken else ""


def read_json(path: Path) -> dict[str, Any]:
    """What a process wrote; nothing where it did not get so far."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_json(path: Path, found: Mapping[str, Any]) -> None:
    """All of it or nothing, whenever the process ends."""
    written = path.with_name(path.name + ".part")
    said = json.dumps(found, indent=1, ensure_ascii=False)
    written.write_text(said + "\n", encoding="utf-8")
    written.replace(path)
