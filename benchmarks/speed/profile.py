"""Where the card's time goes in the package's update: every kernel by its name.

``python -m benchmarks.speed.profile FOLDER SIZE … --json FILE`` takes inputs that the benchmark has
kept (``--keep FOLDER``), on a card.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.contenders import BATCHES, EFFECTIVE, RATE, Try
from benchmarks.speed.inputs import parts, read, sizes_of
from benchmarks.speed.model import Stack, kept
from benchmarks.speed.ours import RUN, load, made
from benchmarks.speed.timing import surroundings
from paper_repro.bench.clock import now
from paper_repro.training.step import start

TIMES = 5
"""Updates that are timed, and as many that are profiled."""


def kernels(step: Callable[[], Any], times: int = TIMES) -> list[dict[str, Any]]:
    """Of each kernel the ``name``, milliseconds a step (``ms``) and launches a step (``times``);
    the longest first."""
    from torch.profiler import ProfilerActivity, profile

    took: Counter[str] = Counter()
    launched: Counter[str] = Counter()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        for _ in range(times):
            step()
        now()
    for event in seen.events():
        if event.device_type.name == "CUDA" and "Optimizer.step" not in event.name:
            took[event.name] += event.device_time
            launched[event.name] += 1
    return [
        {"name": name, "ms": us / 1e3 / times, "times": launched[name] / times}
        for name, us in took.most_common()
    ]


def profiled(stack: Stack, folder: Path, size: str) -> dict[str, Any]:
    """The whole effective batch in one pass: seconds of an update (``step``) and ``kernels``."""
    training = start(stack.model, "adamw_torch", RATE, precision=stack.precision)
    ready = kept(stack, read(folder, size, pinned=True))
    cycle = [sizes_of(ready.batch(rows)) for at in range(BATCHES) for rows in parts(at, EFFECTIVE)]
    training.engine.expect(cycle * (RUN // BATCHES))
    batches = made(training, ready, Try(EFFECTIVE))
    took = []
    for _ in range(BATCHES + TIMES):
        batch, began = next(batches), now()
        training.step(batch, EFFECTIVE)
        took.append(now() - began)
    found = kernels(lambda: training.step(next(batches), EFFECTIVE))
    stack.restore()
    return {"step": median(took[BATCHES:]), "kernels": found}


def main() -> None:
    """Profile and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sizes", nargs="+", metavar="WxH")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    stack = load(options.folder, {})
    record = surroundings() | {"samples": EFFECTIVE}
    record["sizes"] = {size: profiled(stack, options.folder, size) for size in options.sizes}
    options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
