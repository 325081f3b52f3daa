"""Whole-process time and memory of the commands, against what is promised of them.

    python benchmarks/commands.py [--runs 5] [--json FILE]

Prints the median of the runs (after one that is not counted) and the largest resident size of
the process itself. Times depend on the machine; a promise is for two cores. Not a test: it never
fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import date
from importlib import metadata
from pathlib import Path

PROMISES = {
    "--help": (0.6, None),
    "verify --stage arithmetic": (0.6, None),
    "explain 18M --percent 0.9": (None, None),
    "count Qwen/Qwen2-VL-2B-Instruct --lora r=16,targets=q_proj+v_proj": (None, None),
    "verify": (60.0, 3e9),
}
"""Seconds and bytes that each command must stay under."""


def measure(words: list[str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of one process; its output is thrown away."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "paper_repro", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, usage.ru_maxrss * 1024


def main() -> None:
    """Measure every command and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {}
    for command, (seconds, size) in PROMISES.items():
        measure(command.split())
        runs = [measure(command.split()) for _ in range(options.runs)]
        times = [run[0] for run in runs]
        peak = max(run[1] for run in runs)
        rows[command] = {"median_s": statistics.median(times), "max_s": max(times), "peak": peak}
        promise = f"  promised {seconds} s" if seconds else ""
        promise += f", {size / 1e9:.0f} GB" if size else ""
        print(
            f"{statistics.median(times):7.2f} s (to {max(times):.2f})  {peak / 1e9:5.2f} GB  "
            f"{command}{promise}",
            flush=True,
        )
    if options.json:
        where = {
            "date": date.today().isoformat(),
            "machine": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("paper-repro", "torch", "transformers")},
            "runs": options.runs,
        }
        options.json.write_text(json.dumps({"where": where, "commands": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
