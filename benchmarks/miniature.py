"""The miniature's levels over several seeds: what each learns, how long it takes, what stays.

    python benchmarks/miniature.py [--seeds 0 1 2 3 4] [--json FILE] [--keep DIR]

For every seed: Level 1, Level 2 on top of it (``stated``) and ``seven-modules`` straight on the
base, trained on the CPU by the commands a user would type, then asked about the held-out drawn
frames of Level 1 and of Level 2. The base, and Level 1 alone, are asked the same before. Prints a
table and the least and largest value over the seeds; ``--json`` keeps all of it. About four
minutes a seed on two cores. Not a test: it never fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from paper_repro.data.problems import Rows, check, usable_rows
from paper_repro.evaluation.generate import generate
from paper_repro.evaluation.loading import Wanted, load
from paper_repro.evaluation.metrics import evaluate
from paper_repro.miniature.rows import drawn_splits
from paper_repro.training.describe import hardware, versions
from paper_repro.training.record import read_record
from paper_repro.training.workers import ALONE

METRICS = {
    0: ("parse_rate", "quadrant_accuracy", "mae_x", "mae_y"),
    1: ("parse_rate", "phase_accuracy", "phase_macro_f1", "step_accuracy", "step_macro_f1"),
    2: (
        "parse_rate",
        "quadrant_accuracy",
        "quadrant_accuracy_of_parsed",
        "within_10",
        "mae_x",
        "mae_y",
        "median_distance",
    ),
}
"""What is shown of the rows of each level."""


def train(*words: str) -> None:
    """One command of the package, in a process of its own."""
    command = [sys.executable, "-m", "paper_repro", "train", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@cache
def held_out(level: int) -> Rows:
    """The held-out rows of one level."""
    splits = drawn_splits(level)
    return usable_rows(splits, check(splits), "validation")


def scores(adapter: Path | None, level: int) -> dict[str, dict[str, Any]]:
    """What a model answers about the held-out rows of one level."""
    loaded = load(Wanted("mini", "", adapter=str(adapter) if adapter else None), "cpu")
    answers = list(generate(loaded.model, loaded.processor, held_out(level), 64))
    found = evaluate(answers, drawn=True).metrics
    return {
        name: {
            "value": found[name].value,
            "low": found[name].interval.low,
            "high": found[name].interval.high,
            "n": found[name].n,
            "chance": found[name].chance[-1].value if found[name].chance else None,
        }
        for name in METRICS[level]
        if name in found
    }


def run(seed: int, folder: Path) -> dict[str, Any]:
    """Train and ask, with one seed."""
    one, two, seven = (folder / f"{name}-{seed}" for name in ("unified", "spatial", "seven"))
    train("1", "--seed", str(seed), "--out", str(one))
    train("2", "--seed", str(seed), "--out", str(two), "--level1", str(one))
    train("2", "--variant", "seven-modules", "--seed", str(seed), "--out", str(seven))
    records = {name: read_record(at) for name, at in (("1", one), ("2", two), ("seven", seven))}
    return {
        "seed": seed,
        "seconds": {
            name: record.times["preparing"] + record.times["seconds"]
            for name, record in records.items()
        },
        "base_changed": sum(record.base_changed for record in records.values()),
        "level1_changed": records["2"].earlier_changed,
        "scores": {
            "Level 1 on its rows": scores(one / "adapter", 1),
            "Level 1 on Level 2's rows": scores(one / "adapter", 2),
            "Level 2 (stated) on its rows": scores(two / "adapter", 2),
            "Level 2 (seven modules) on its rows": scores(seven / "adapter", 2),
        },
    }


def spread(runs: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Least, middle and largest value of every metric over the seeds."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for of, metrics in runs[0]["scores"].items():
        for name in metrics:
            values = [one["scores"][of][name]["value"] for one in runs]
            found = {"least": min(values), "median": median(values), "most": max(values)}
            table.setdefault(of, {})[name] = found
    return table


def show(of: str, metrics: Mapping[str, Mapping[str, float]]) -> None:
    """A line a metric."""
    for name, found in metrics.items():
        words = ", ".join(f"{key} {value:.3f}" for key, value in found.items() if value is not None)
        print(f"{of:38} {name:20} {words}", flush=True)


def main() -> None:
    """Run all seeds and print what they gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    before = {f"Level 0 on Level {level}'s rows": scores(None, level) for level in METRICS}
    for of, metrics in before.items():
        show(of, metrics)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        runs = [run(seed, folder) for seed in options.seeds]
    found = spread(runs)
    for of, metrics in found.items():
        show(of, metrics)
    for one in runs:
        took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in one["seconds"].items())
        print(f"seed {one['seed']}: {took}")
    if options.json:
        where = {
            "date": date.today().isoformat(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "hardware": hardware(ALONE),
            "versions": versions(),
        }
        kept = {"where": where, "before": before, "spread": found, "runs": runs}
        options.json.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
