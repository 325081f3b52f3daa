"""The benchmark on several cards, run: processes that train together, that fail, that hang.

Run as a module, this file is a process that ends only with those that started it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "benchmarks.scale_out", "--tiny", "--effective=32", "--a-pass=8"]
SIZE = "196x56"
HANGING = "tests.benchmarks.test_scale_out_runs"


def surroundings():
    return os.environ | {"OMP_NUM_THREADS": "1"}


def alive(pid):
    """Whether it runs; who ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(map(alive, pids)):
        time.sleep(0.1)
    return not any(map(alive, pids))


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    from benchmarks.scale_out.launch import run

    env = {**surroundings(), "FOLDER": str(tmp_path)}
    assert run([HANGING], env, tmp_path / "log", 3) == "it took more than 3 seconds"
    pids = [int(name.name) for name in tmp_path.glob("[0-9]*")]
    assert len(pids) == 2 and gone(pids)


def test_an_interrupt_ends_all_that_was_started(tmp_path):
    script = (
        "import os, pathlib; from benchmarks.scale_out.launch import run;"
        f"run([{HANGING!r}], dict(os.environ), pathlib.Path({str(tmp_path / 'log')!r}), 100)"
    )
    env = {**surroundings(), "FOLDER": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=env, stderr=-3)
    deadline = time.monotonic() + 30
    while len(pids := list(tmp_path.glob("[0-9]*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    assert len(pids) == 2 and gone([int(path.name) for path in pids])


def test_a_process_that_fails_says_why_in_one_line(tmp_path):
    from benchmarks.scale_out.launch import first_failure, run, torchrun

    settings = ["--effective=32", "--a-pass=8", "--warm-up=1", "--steps=1"]
    words = [*torchrun(1), "benchmarks.scale_out.child", str(tmp_path), str(tmp_path), SIZE]
    env = {**surroundings(), "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    failed = run([*words, *settings], env, tmp_path / "log", 100)
    assert failed == "a process ended with code 1"
    assert (said := first_failure(tmp_path)) and "\n" not in said
    assert str(tmp_path) in said or "base" in said


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("inputs")


def measured(kept, *words):
    """The record of a whole run by the command, and what it printed."""
    made = kept / "record.json"
    done = subprocess.run(
        [*COMMAND, f"--keep={kept}", f"--json={made}", *words],
        cwd=ROOT, env=surroundings(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(made.read_text()), done.stdout


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one_and_one_adapter(kept):
    record, said = measured(kept, "--processes", "1", "2", "--steps=3")
    assert "FAILED" not in said, said
    one, two = (record["processes"][world]["sizes"][SIZE] for world in ("1", "2"))
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert len(one["losses"]) == 7 and one["losses"][-1] < one["losses"][0]
    assert len(two["digests"]) == 2 and two["same_adapter"] and two["same_losses"]
    assert two["losses_apart"] < 1e-5 and two["efficiency"] > 0
    assert two["add_up"]["bytes"] > 0 and two["add_up"]["seconds"] > 0
    assert f"{SIZE}: training" in said and "efficiency" in said


@pytest.mark.slow
def test_who_fails_is_said_what_was_measured_stays_and_the_others_still_run(kept):
    broken = "112x112"
    (kept / f"{broken}.safetensors").write_bytes(b"no tensors")
    (kept / f"{broken}.json").write_text("{}")
    words = ["--processes", "1", "2", "--steps=1", "--sizes", SIZE, broken]
    record, said = measured(kept, *words)
    for world in ("1", "2"):
        found = record["processes"][world]
        assert list(found["sizes"]) == [SIZE]
        assert found["failed"].startswith("SafetensorError")
    assert said.count("FAILED") == 2 == said.count("Not checked to its end")


def main() -> None:
    """Start another one in a session of its own, unless this is the other, and hang."""
    folder = Path(os.environ["FOLDER"])
    (folder / str(os.getpid())).touch()
    if "OTHER" not in os.environ:
        env = os.environ | {"OTHER": "1"}
        subprocess.Popen([sys.executable, "-m", HANGING], env=env, start_new_session=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
