"""Whole commands on a CPU, for ``benchmarks.cpu_steps``: how long they take, and where."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

COMMANDS = {
    "verify": ("verify",),
    "verify --stage arithmetic": ("verify", "--stage", "arithmetic"),
    "verify --stage instantiate": ("verify", "--stage", "instantiate"),
    "verify --stage train": ("verify", "--stage", "train"),
}


def commands(threads: int, repeats: int) -> dict[str, Any]:
    """Seconds of whole commands, from start to end."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "1"), Path(folder, "2")
        for name, words, out in (
            ("train 1", ("train", "1", "--out", str(one)), one),
            ("train 2 --level1 DIR", ("train", "2", "--level1", str(one), "--out", str(two)), two),
        ):
            took = command(words, threads)
            times = json.loads((out / "record.json").read_text())["times"]
            parts = {"preparing": times["preparing"], "steps": times["seconds"]}
            found[name] = {"seconds": took, **parts}
    for name, words in COMMANDS.items():
        found[name] = {"seconds": median(command(words, threads) for _ in range(repeats))}
    return found


def command(words: tuple[str, ...], threads: int) -> float:
    """Seconds of one."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "paper_repro", *words],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def where(threads: int) -> dict[str, Any]:
    """Where and when this is measured."""
    from paper_repro.training.describe import hardware, versions
    from paper_repro.training.workers import ALONE

    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": hardware(ALONE)["cpu"],
        "cores": os.cpu_count(),
        "threads": threads,
        "versions": versions(),
    }
