"""In a contender's process: which cut is kept, and what is said when it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from benchmarks.speed.children import ROOT
from benchmarks.speed.contenders import CONTENDERS, PEERS, Try
from benchmarks.speed.process import fastest, reason
from benchmarks.speed.timing import Measured, versions

STACK = SimpleNamespace(restore=lambda: None)


def trainer(seconds):
    """Trains in so many seconds a cut; does not fit where there are none."""
    asked = []

    def measure(stack, ready, cut, contender):
        asked.append(cut)
        if cut not in seconds:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate more")
        return Measured(1.0, 2.0, [], [seconds[cut], 9.0], 0, {}, {})

    return SimpleNamespace(measure=measure, asked=asked)


def test_the_largest_pass_that_fits_is_measured_and_no_smaller_one():
    module = trainer({Try(8): 3.0, Try(4): 1.0})
    found = fastest(module, STACK, None, CONTENDERS["package"], (Try(16), Try(8), Try(4)))
    assert module.asked == [Try(16), Try(8)]
    assert found["cut"] == "8 × 2" and found["loss"] == 1.0
    assert found["tries"][0] == {"cut": "16 × 1", "failed": "out of memory"}


@pytest.mark.parametrize(("plain", "words"), [(3.0, "16 × 1, checkpointing"), (1.0, "4 × 4")])
def test_with_and_without_checkpointing_the_faster_one_is_kept(plain, words):
    module = trainer({Try(4): plain, Try(16, True): 2.0})
    found = fastest(module, STACK, None, CONTENDERS["trl"], (Try(4), Try(2), Try(16, True)))
    assert module.asked == [Try(4), Try(16, True)]
    assert found["cut"] == words


def test_a_contender_that_never_fits_says_so():
    with pytest.raises(MemoryError, match=r"^out of memory$"):
        fastest(trainer({}), STACK, None, CONTENDERS["package"], (Try(16), Try(8)))


def test_a_missing_library_is_told_with_how_to_install_it():
    said = reason(ModuleNotFoundError("No module named 'trl'", name="trl"), "trl")
    assert said.startswith("the Python module `trl` is not installed here.")
    assert f"--target FOLDER {CONTENDERS['trl'].needs}`" in said and "--python-path trl=" in said
    for name in PEERS:
        told = reason(ModuleNotFoundError("No module named 'a.module'", name="a.module"), name)
        assert "a.module" in told and len(told) < 400 and "\n" not in told


def test_any_other_error_is_one_line():
    assert reason(ValueError("first\n  second"), "trl") == "ValueError: first second"


def test_the_last_line_of_a_process_says_why_it_failed(tmp_path):
    words = ["benchmarks.speed.process", "package", str(tmp_path), str(tmp_path / "out"), "0"]
    done = subprocess.run(
        [sys.executable, "-m", *words, "112x112"], cwd=ROOT, capture_output=True, text=True
    )
    said = done.stderr.splitlines()
    assert done.returncode == 1 and said[0].startswith("Traceback")
    assert "Error: " in said[-1] and str(tmp_path) in said[-1]


def test_versions_are_of_what_is_installed():
    found = versions(("torch", "no-such-library"))
    assert found.keys() == {"python", "torch"} and found["torch"] == torch.__version__
    json.dumps(found)
