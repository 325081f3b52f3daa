"""Level 2 at the true shape, with random weights: memory, speed, two processes, resumption.

    python benchmarks/full_size.py [--processes 2] [--resume-check] [--json FILE]
    python benchmarks/full_size.py --tiny --processes 2 --resume-check

Writes a Qwen2-VL-2B of random weights, a Level 1 adapter and rows in the paper's format (drawn
frames of 224 × 224) into a folder, then trains ``stated`` on them by the command that a user would
type, a process for each case. Nothing is downloaded. ``--processes 2`` runs the same steps under
torchrun and compares; ``--resume-check`` kills a run after its first checkpoint, resumes it and
compares. ``--tiny`` does all of it on the CPU with the miniature. Not a test: it never fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from full_size_inputs import count_tokens, write_models, write_rows

from paper_repro.training.describe import hardware, versions
from paper_repro.training.record import read_record
from paper_repro.training.workers import Workers

ROWS, LIMIT = 16, 12e9
"""Rows of an effective batch, and bytes that Level 2 must stay under on a card."""
CASES = {
    "nf4": ["--precision", "nf4"],
    "nf4, 1 × 16": ["--precision", "nf4", "--batch", "1", "--accumulation", "16"],
    "nf4, tower at every pass": ["--precision", "nf4", "--no-features"],
    "nf4, activations kept": ["--precision", "nf4", "--no-checkpointing"],
    "bf16": ["--precision", "bf16"],
    "fp16": ["--precision", "fp16"],
}
"""Options of every case; of 16 rows in one pass where they do not say otherwise."""


def command(folder: Path, out: Path, options: argparse.Namespace, words: list[str]) -> list[str]:
    """The words after ``python -m paper_repro``."""
    given = {
        "--size": "full",
        "--variant": "stated",
        "--base": folder / "base",
        "--level1": folder / "level1",
        "--data": folder / "data",
        "--device": options.device,
        "--max-steps": options.steps,
        "--save-every": max(1, options.steps // 3),
        "--seed": 0,
        "--out": out,
    }
    batch = [] if "--batch" in words else ["--batch", str(ROWS), "--accumulation", "1"]
    return ["train", "2", *(str(word) for pair in given.items() for word in pair), *batch, *words]


def start(words: list[str], log: Path, processes: int = 1) -> subprocess.Popen[bytes]:
    """One command in a process of its own, or under torchrun; it says what it does in a file."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, *(launcher if processes > 1 else []), "-m", "paper_repro", *words],
            stdout=said,
            stderr=subprocess.STDOUT,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )


def finished(process: subprocess.Popen[bytes], out: Path, log: Path) -> dict[str, Any]:
    """What the run's record says, or the last words of one that failed."""
    if process.wait() != 0:
        last = log.read_text(errors="replace").splitlines()[-12:]
        return {"failed": "\n".join(last)}
    record = read_record(out)
    seconds = record.times["seconds_per_step"]
    return {
        "peak_memory": record.peak_memory,
        "under_limit": record.peak_memory["device"] < LIMIT,
        "seconds_per_step": seconds,
        "samples_per_second": ROWS / seconds,
        "preparing": record.times["preparing"],
        "seconds": record.times["seconds"],
        "steps": record.steps,
        "losses": record.losses,
        "compute": record.settings["compute"],
        "base_changed": record.base_changed,
        "level1_changed": record.earlier_changed,
        "warnings": record.warnings,
        "processes": record.hardware["processes"],
    }


def run(
    folder: Path, name: str, options: argparse.Namespace, words: list[str], processes: int = 1
) -> dict[str, Any]:
    """Train one case to its end."""
    out, log = folder / "runs" / name, folder / f"{name}.log"
    process = start(command(folder, out, options, words), log, processes)
    found = finished(process, out, log)
    show(name, found)
    return found


def show(name: str, found: Mapping[str, Any]) -> None:
    """A line of the table, or why there is none."""
    if "failed" in found:
        print(f"{name}: FAILED\n{found['failed']}", flush=True)
        return
    of = "device" if found["peak_memory"]["device"] else "host"
    print(
        f"{name:26} {found['peak_memory'][of] / 1e9:6.2f} GB {of:6} "
        f"{found['seconds_per_step']:7.3f} s/step {found['samples_per_second']:8.1f} samples/s  "
        f"loss {found['losses'][0]:.4f} → {found['losses'][-1]:.4f}  {found['compute']}",
        flush=True,
    )


def states(out: Path) -> dict[str, Any]:
    """Every tensor of the last checkpoint: parameters and optimizer."""
    from safetensors.torch import load_file

    return load_file(max((out / "checkpoints").glob("step-*")) / "state.safetensors")


def together(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same steps by one process and by several: how far apart losses and parameters are."""
    count = options.processes
    words = ["--precision", "nf4", "--batch", str(ROWS // count), "--accumulation", str(count)]
    names = ["1 process", f"{count} processes"]
    one = run(folder, names[0], options, words)
    many = run(folder, names[1], options, words, count)
    if "failed" in one or "failed" in many:
        return {"one": one, "several": many}
    pairs = zip(one["losses"], many["losses"], strict=True)
    loss = max(abs(a - b) / abs(a) for a, b in pairs)
    some, others = (states(folder / "runs" / name) for name in names)
    weights = max(
        float((tensor - others[name]).norm() / tensor.norm())
        for name, tensor in some.items()
        if name.startswith("model/")
    )
    print(f"{count} processes and 1: losses differ by {loss:.1e} at most, tensors by {weights:.1e}")
    return {"one": one, "several": many, "losses_apart": loss, "tensors_apart": weights}


def resumed(folder: Path, options: argparse.Namespace, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Kill the first case after its first checkpoint, resume it, and compare with the whole run."""
    out, log = folder / "runs" / "killed", folder / "killed.log"
    process = start(command(folder, out, options, CASES["nf4"]), log)
    while process.poll() is None and not any((out / "checkpoints").glob("step-*")):
        time.sleep(0.02)
    process.kill()
    process.wait()
    again = ["train", "--resume", str(out), "--device", options.device]
    found = finished(start(again, log), out, log)
    show("killed and resumed", found)
    if "failed" in found or "failed" in whole:
        return found
    some, others = states(folder / "runs" / "nf4"), states(out)
    same = some.keys() == others.keys() and all(some[name].equal(others[name]) for name in some)
    at = read_record(out).resumed_at
    print(
        f"killed, resumed after step {at}: losses bit-identical: "
        f"{found['losses'] == whole['losses']}; parameters and optimizer bit-identical: {same}"
    )
    verdict = {"losses_identical": found["losses"] == whole["losses"], "state_identical": same}
    return {**found, "resumed_at": at, **verdict}


def asked() -> argparse.Namespace:
    """The options, with the device that they mean."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--cases", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--resume-check", action="store_true")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--merge", type=Path, help="an earlier record, which this one adds to")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.device = "cuda" if torch.cuda.is_available() and not options.tiny else "cpu"
    if options.resume_check and options.cases[0] != "nf4":
        parser.error("--resume-check compares with the case nf4: name it first")
    options.side = 112 if options.tiny else 224
    return options


def surroundings() -> dict[str, Any]:
    """Where and when this is measured, and with which versions."""
    import torch

    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "cards": torch.cuda.device_count(),
        "hardware": hardware(Workers(device="cuda" if torch.cuda.is_available() else "cpu")),
        "versions": versions(),
    }


def measure(folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run the first case, the comparisons, then the other cases; the record so far after each."""
    first, *others = options.cases
    so_far: dict[str, Any] = {
        "where": surroundings(),
        "tiny": options.tiny,
        "rows": ROWS,
        "side": options.side,
        "tokens": count_tokens(folder),
        "cases": {first: run(folder, first, options, CASES[first])},
        "processes": {},
        "resumed": {},
    }
    yield so_far
    if options.processes > 1:
        so_far["processes"] = together(folder, options)
        yield so_far
    if options.resume_check:
        so_far["resumed"] = resumed(folder, options, so_far["cases"][first])
        yield so_far
    for name in others:
        so_far["cases"][name] = run(folder, name, options, CASES[name])
        yield so_far


def merged(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Both, the later one's results where both have some; of one kind of card.

    Raises:
        ValueError: they are of different cards or versions.
    """
    some, others = (
        (found["where"]["hardware"]["name"], found["where"]["versions"])
        for found in (earlier, later)
    )
    if some != others:
        raise ValueError(f"expected a record of {some}, got one of {others}")
    return {
        **earlier,
        "cases": earlier["cases"] | later["cases"],
        "processes": later["processes"] or earlier["processes"],
        "resumed": later["resumed"] or earlier["resumed"],
    }


def main() -> None:
    """Write the inputs, run every case and print a table; what is measured is kept at once."""
    options = asked()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        shutil.rmtree(folder / "runs", ignore_errors=True)
        (folder / "runs").mkdir(parents=True)
        if not (folder / "data").exists():
            write_models(folder, options.device, options.tiny)
            write_rows(folder / "data", ROWS * options.steps, options.side)
        for so_far in measure(folder, options):
            if options.merge:
                so_far = merged(json.loads(options.merge.read_text(encoding="utf-8")), so_far)
            if options.json:
                options.json.write_text(json.dumps(so_far, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
