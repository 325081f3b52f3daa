"""Processes that are killed, as often as it pleases, and a run that ends as if they had not been.

The seed decides when: while it prepares, between two steps, while a checkpoint is written, while
the adapters are saved. Each is waited for by what it leaves on the disk.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from paper_repro.training import checkpoints
from paper_repro.training.record import read_record
from tests.training import children
from tests.training.runs import differences

RESUME = ["train", "--resume", "run", "--device", "cpu", "--save-every", "1"]
KILLS = ["preparing"] * 2 + ["between"] * 3 + ["writing"] * 5 + ["saving"] * 2
"""Kills of one run; where a child has ended before its moment came, the next one is killed."""

LONG = ("preparing", "between")
"""Moments that last long enough to be killed anywhere in them."""


def moment(kind: str, run: Path):
    """What is on the disk when it is time."""
    begun = (run / "record.json").stat().st_mtime_ns if run.exists() else 0
    before = set(os.listdir(run / "checkpoints")) if (run / "checkpoints").exists() else set()

    def now() -> set[str]:
        return set(os.listdir(run / "checkpoints"))

    return {
        "preparing": lambda: (run / "record.json").stat().st_mtime_ns != begun,
        "between": lambda: any(name.startswith("step-") for name in now() - before),
        "writing": lambda: any(name.startswith(".step-") for name in now() - before),
        "saving": lambda: any((run / ".saving").iterdir()),
    }[kind]


def killed_over_and_over(words: list[str], folder: Path, seed: int) -> Counter[str]:
    """How often it was killed at each kind of moment; children go on from one another."""
    chance, run, found = random.Random(seed), folder / "run", Counter[str]()
    kinds = [kind for kind in KILLS if kind != "saving"]
    chance.shuffle(kinds)
    for kind in [*kinds, *(kind for kind in KILLS if kind == "saving")]:
        begun = (run / "record.json").exists()
        child = children.start(RESUME if begun else words, folder)
        if children.wait_for(child, moment(kind, run)):
            time.sleep(chance.uniform(0, 0.15) if kind in LONG else 0)
            children.kill(child)
        if child.exitcode == -signal.SIGKILL:
            found[kind] += 1
            found["half written"] += any((run / "checkpoints").glob(".step-*"))
        look_whole(run)
    return found


def look_whole(run: Path) -> None:
    """Whatever was killed: the record can be read and the newest checkpoint is whole."""
    if (run / "record.json").exists():
        assert read_record(run).status in ("running", "finished")
    _, problems = checkpoints.newest(run / "checkpoints")
    assert problems == ()


def enough(found: Counter[str]) -> bool:
    kinds = set(KILLS)
    often = sum(found[kind] for kind in kinds) >= 10 and found["half written"] >= 3
    return often and all(found[kind] for kind in kinds)


def test_killed_at_random_moments_a_run_ends_in_the_same_bits(small, tmp_path):
    """A busy machine may be too late for a short moment; then another run is killed as well."""
    words = small.words("--save-every", "1", "--epochs", "8")
    assert children.ended(children.start(words, tmp_path / "whole")) == 0
    seen = []
    for attempt in range(3):
        folder = tmp_path / f"broken-{attempt}"
        seen.append(killed_over_and_over(words, folder, seed=attempt))
        if read_record(folder / "run").status != "finished":
            assert children.ended(children.start(RESUME, folder)) == 0
        assert differences(tmp_path / "whole" / "run", folder / "run") == []
        places = (folder / "run", folder / "run" / "checkpoints")
        left = {path.name for place in places for path in place.iterdir()}
        last_two = {f"step-{step:08d}" for step in (23, 24)}
        assert left - {".lock"} == last_two | {
            "record.json", "checkpoints", "adapter", "parts", "tensorboard"
        }  # fmt: skip
        if enough(seen[-1]):
            break
    assert enough(seen[-1]), seen


def test_the_command_itself_is_killed(small, tmp_path):
    """Started as a user starts it, with nothing imported before."""
    words, run = small.words("--save-every", "1"), tmp_path / "broken" / "run"
    whole = children.start(words, tmp_path / "whole")
    (tmp_path / "broken").mkdir()
    surroundings = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(children.TOP)}
    with subprocess.Popen(
        [sys.executable, "-m", "paper_repro", *words],
        env=surroundings,
        cwd=tmp_path / "broken",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None and not (run / "checkpoints/step-00000002").exists():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert read_record(run).status == "running"
    last = children.start(RESUME, tmp_path / "broken")
    assert (children.ended(whole), children.ended(last)) == (0, 0)
    assert differences(tmp_path / "whole" / "run", run) == []
