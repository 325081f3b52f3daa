"""A contender's process ends, whatever happens, with all that it started: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.speed.children import ROOT, environment, last_words, read_json, run, write_json

CHILD = "tests.benchmarks.child"


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be forgotten does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def until(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def ended(path: Path) -> bool:
    """Whether both processes that wrote their numbers are gone."""
    pids = [int(word) for word in path.read_text().split()]
    assert len(pids) == 2
    return until(lambda: not any(map(alive, pids)), 10)


@pytest.mark.parametrize(
    ("how", "limit", "said"),
    [
        ("ends", 60, ""),
        ("fails", 60, "why it failed"),
        ("stays", 2, "it took more than 2 seconds"),
    ],
)
def test_nothing_is_left_of_a_process_that_ends_fails_or_takes_too_long(tmp_path, how, limit, said):
    pids = tmp_path / "pids"
    words = [CHILD, how, str(pids)]
    assert run(words, dict(os.environ), tmp_path / "log", limit) == said
    assert ended(pids)


def test_a_process_that_fails_in_silence_is_told_by_its_code(tmp_path):
    assert run(["tests.no_such_module"], dict(os.environ), tmp_path / "log", 60)
    code = "it ended with code 1"
    assert run(["tests.benchmarks.silent"], dict(os.environ), tmp_path / "log", 60) == code


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_nothing_is_left_of_a_command_that_is_interrupted(tmp_path, sent, code):
    command = [sys.executable, "-m", "benchmarks.speed", "--tiny", "--keep", str(tmp_path)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert until(lambda: children(process.pid))
        (own,) = children(process.pid)
        os.kill(own, signal.SIGSTOP)  # so that it does not end by itself
        process.send_signal(sent)
        assert process.wait(30) == code
        assert until(lambda: not alive(own), 10)
    finally:
        for pid in children(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if alive(pid) else []


def test_a_contender_sees_no_network_and_no_card_in_the_miniature(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/before")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    tiny, card = environment(tmp_path, True, "/ahead"), environment(tmp_path, False)
    assert tiny["CUDA_VISIBLE_DEVICES"] == "" and card["CUDA_VISIBLE_DEVICES"] == "0"
    assert tiny["PYTHONPATH"] == "/ahead:/before" and card["PYTHONPATH"] == "/before"
    assert tiny["HF_HUB_OFFLINE"] == "1"
    assert Path(tiny["TRITON_CACHE_DIR"]).is_relative_to(tmp_path)


def test_last_words_are_the_last_line_with_any_words_and_not_too_long(tmp_path):
    log = tmp_path / "log"
    log.write_text("first\n  last  \n\n")
    assert last_words(log) == "last"
    log.write_text("x" * 1000)
    assert len(last_words(log)) == 400
    log.write_text("")
    assert last_words(log) == ""


def test_what_is_written_is_read_again_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "found.json"
    assert read_json(path) == {}
    write_json(path, {"×": 1.5})
    assert read_json(path) == {"×": 1.5} and list(tmp_path.iterdir()) == [path]
