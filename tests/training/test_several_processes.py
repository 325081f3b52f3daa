"""Two real processes under the launchers train as one: same losses and adapters, to rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import together
from tests.training.bench import apart, same_bits, trained

ROOT = Path(__file__).parents[2]
SCENARIOS = ["exact", "in_eight_bits", "from_another_start", "overflowing"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
ACCELERATE = [
    "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1",
    "--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0",
]  # fmt: skip
"""It starts several processes without MPI only when told of cards; the script asks for CPUs."""


def launch(launcher, folder, names):
    """Run ``together.py`` under a launcher; what each of the two processes saw."""
    command = [sys.executable, *launcher, str(ROOT / "tests/training/together.py"), str(folder)]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *names],
        env=surroundings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="module")
def both(folder):
    return launch(TORCHRUN, folder, SCENARIOS)


def tensors(folder, name):
    from safetensors.torch import load_file

    return [load_file(folder / f"{name}-{rank}.safetensors") for rank in range(2)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_processes_end_with_the_same_bits(both, folder, name):
    assert both[0][name] == both[1][name]
    assert same_bits(*tensors(folder, name))


@pytest.mark.parametrize(
    ("name", "alone", "tolerance"),
    [
        ("exact", together.exact, 1e-5),
        ("from_another_start", together.exact, 1e-5),
        ("overflowing", together.overflowing, 1e-3),
    ],
)
def test_they_train_as_one_process_does(both, folder, name, alone, tolerance):
    """Sums of two halves are rounded otherwise; in float16 also products are, at 1e-3."""
    losses, training = alone()
    assert both[0][name]["losses"] == pytest.approx(losses, rel=tolerance)
    assert apart(tensors(folder, name)[0], trained(training)) < tolerance
    assert both[0][name]["numbers"] == training.state()[1]


def test_eight_bits_are_as_close_as_their_rounding(both, folder):
    losses, training = together.in_eight_bits()
    assert both[0]["in_eight_bits"]["losses"] == pytest.approx(losses, rel=1e-3)
    assert apart(tensors(folder, "in_eight_bits")[0], trained(training)) < 1e-2


def test_an_overflow_in_one_process_is_left_out_by_both(both):
    numbers = both[0]["overflowing"]["numbers"]
    assert numbers["scaler"]["scale"] == 32768.0 and numbers["steps"] == together.STEPS
    assert set(numbers["optimizer"].values()) <= {3}


def test_a_gradient_that_is_no_number_in_one_process_stops_both(both):
    assert both[0]["refused"] == both[1]["refused"]
    assert both[0]["refused"].startswith("step 0: expected a finite gradient norm, got nan; 0 ")


def test_what_they_tell_one_another(both):
    for rank in range(2):
        check_talk(both[rank]["talk"], rank)


def check_talk(talk, rank):
    assert talk["place"] == [rank, 2, "cpu", rank == 0]
    assert talk["sums"] == [3.0, [[30.0] * 3] * 2, [3.0, 3.0], "torch.bfloat16"]
    assert talk["taken"] == [[[1.0, 1.0], [1.0, 1.0]], [-1.0, -1.0, -1.0]]
    assert talk["any"] == [False, True, True, True]
    assert talk["first"] == [40, 2**53 + 1]


def test_accelerate_launch_gives_the_same_places(tmp_path):
    for rank, said in enumerate(launch(ACCELERATE, tmp_path, [])):
        check_talk(said["talk"], rank)
