"""One process of those that train together; ``torchrun`` starts it, and it writes what it measured.

``RANK.json`` in the folder of results holds what is done so far; ``failed-RANK`` holds why a
process failed, in one line. A process that fails ends at once: the others may wait for it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.scale_out.cut import Cut
from benchmarks.scale_out.launch import cores
from benchmarks.speed.contenders import RATE
from benchmarks.speed.inputs import Ready, read, sizes_of
from benchmarks.speed.model import Stack, kept, stacked
from benchmarks.speed.timing import versions
from paper_repro.bench.clock import forget_peak, now, peak
from paper_repro.training.digest import digests
from paper_repro.training.feed import Lookahead, Made
from paper_repro.training.step import Training, start
from paper_repro.training.workers import Workers, joined

if TYPE_CHECKING:
    from torch import Tensor

LONG = 1000
"""The engine is told that every pass comes so often, as in a long run: it compiles and records."""
CLIPPED = 1.0
"""To which norm gradients are scaled down."""
SUMS = 20
"""So often gradients are added up when that is timed apart, after half as many untimed."""
LIBRARIES = ("torch", "triton", "transformers", "peft", "paper-repro")


def measure(stack: Stack, pixels: Ready, workers: Workers, options: Any) -> dict[str, Any]:
    """Train, all processes together.

    Returns:
        ``losses`` of all steps, in nats; ``warm_up`` and ``seconds`` of those steps; the most
        bytes allocated as ``peak``; ``digest`` of what was trained; of ``add_up`` bytes and
        seconds; what is ``off`` in the engine, and how many sizes of passes are ``recorded``.
    """
    cut = Cut(options.effective, options.a_pass)
    training = start(
        stack.model, "adamw_torch", RATE, max_grad_norm=CLIPPED, precision=stack.precision,
        workers=workers,
    )  # fmt: skip
    ready = kept(stack, pixels)
    training.engine.expect([sizes_of(ready.batch(rows)) for rows in cut.distinct()] * LONG)
    batches = Lookahead(_made(training, ready, cut))
    forget_peak()
    losses, took = [], []
    for _ in range(options.warm_up + options.steps):
        began = now()
        losses.append(training.step(next(batches), cut.effective, batches.fetch))
        took.append(now() - began)
    return {
        "losses": losses,
        "warm_up": took[: options.warm_up],
        "seconds": took[options.warm_up :],
        "peak": peak(),
        "digest": _digest(training.trained),
        "add_up": _added_up(training),
        "off": dict(training.engine.off),
        "recorded": len(training.engine.often),
    }


def _made(training: Training, ready: Ready, cut: Cut) -> Iterator[Made]:
    """This process's micro-batches of one step after another, ready before it begins."""
    for step in count():
        parts = cut.parts(step)
        share = training.workers.share(len(parts))
        own = {place: training.ahead(ready.batch(parts[place]), step) for place in share}
        yield Made(own, len(parts))


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """One SHA-256 for all of them."""
    each = sorted(digests(tensors).items())
    return hashlib.sha256(json.dumps(each).encode()).hexdigest()


def _added_up(training: Training) -> dict[str, Any]:
    """Bytes that a step sends from each process, and the median of the seconds that adding them up
    takes when nothing else is done."""
    import torch

    tensors = [torch.zeros_like(tensor) for tensor in training.trained.values()]
    took = []
    for _ in range(SUMS + SUMS // 2 if training.workers.world > 1 else 0):
        training.workers.wait()
        began = now()
        training.workers.add_up(tensors)
        took.append(now() - began)
    sent = 4 * sum(tensor.numel() for tensor in tensors) if took else 0
    return {"bytes": sent, "seconds": median(took[SUMS // 2 :]) if took else 0.0}


def where() -> dict[str, Any]:
    """Where and when this is measured."""
    import torch

    card = torch.cuda.get_device_properties() if torch.cuda.is_available() else None
    nccl = {"nccl": ".".join(map(str, torch.cuda.nccl.version()))} if card else {}
    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "card": card.name if card else "no card",
        "cards": torch.cuda.device_count(),
        "memory": card.total_memory if card else 0,
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "versions": versions(LIBRARIES) | ({"cuda": torch.version.cuda} if card else {}) | nccl,
    }


@contextmanager
def telling(out: Path, rank: str) -> Iterator[None]:
    """What goes wrong is written down, and ends this process before it can wait for another."""
    try:
        yield
    except BaseException as error:
        said = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        (out / f"failed-{rank}").write_text(said, encoding="utf-8")
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def main() -> None:
    """What the command line says."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("sizes", nargs="+")
    for name in ("effective", "a-pass", "warm-up", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    rank, place = os.environ.get("RANK", "0"), int(os.environ.get("LOCAL_RANK", "0"))
    cards = torch.cuda.device_count()
    with telling(options.out, rank):
        if 0 < cards <= place:
            raise RuntimeError(f"expected a card for every process, got {cards} in all")
        with joined("cuda" if cards else "cpu") as workers, telling(options.out, rank):
            train(workers, options)


def train(workers: Workers, options: argparse.Namespace) -> None:
    """All sizes of frame, one after the other."""
    import torch

    stack = stacked(options.folder, "bf16")
    found: dict[str, Any] = {"where": where(), "sizes": {}}
    for size in options.sizes:
        _say(workers, f"{size}: training …")
        stack.restore()
        forget_peak()
        ready = read(options.folder, size, pinned=torch.cuda.is_available())
        found["sizes"][size] = measure(stack, ready, workers, options)
        (options.out / f"{workers.rank}.json").write_text(json.dumps(found), encoding="utf-8")
        _say(workers, f"{size}: {median(found['sizes'][size]['seconds']):.4f} s a step")


def _say(workers: Workers, words: str) -> None:
    if workers.writes:
        print(f"  {words}", flush=True)


if __name__ == "__main__":
    main()
