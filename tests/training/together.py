"""What two processes do together; started by a launcher, with a folder as its argument.

Every process writes what it saw into the folder: ``RANK.json``, and its trained tensors as
``SCENARIO-RANK.safetensors``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paper_repro.training.failures import NotFinite
from paper_repro.training.order import Plan
from paper_repro.training.precision import choose
from paper_repro.training.step import Training
from paper_repro.training.workers import ALONE, Workers, joined
from tests.training.bench import begun, run, trained

PLAN = Plan(9, batch=1, accumulation=4, epochs=2, seed=2)
"""The third step of each epoch has one micro-batch, and nothing for the second process."""
STEPS = PLAN.steps


def exact(workers: Workers = ALONE) -> tuple[list[float], Training]:
    training = begun(workers=workers)
    return run(training, STEPS, plan=PLAN), training


def in_eight_bits(workers: Workers = ALONE) -> tuple[list[float], Training]:
    training = begun("adamw_8bit", workers=workers)
    return run(training, STEPS, plan=PLAN), training


def from_another_start(workers: Workers) -> tuple[list[float], Training]:
    """The second process begins with other weights, until the first's are taken."""
    import torch

    from tests.training import bench

    model = bench.stack(r=32, dropout=0.2)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += workers.rank
    training = bench.start(
        model, "adamw_torch", bench.schedule(6), seed=7, workers=workers, **bench.SETTINGS
    )
    return run(training, STEPS, plan=PLAN), training


def overflowing(workers: Workers = ALONE) -> tuple[list[float], Training]:
    """In float16, from a step with one micro-batch on; then a gradient of the last overflows."""
    training = begun(workers=workers, precision=choose("cpu", "fp16"))
    training.steps = 2
    tensor = next(iter(training.trained.values()))
    last = workers.rank == workers.world - 1
    tensor.register_hook(lambda g: g + math.inf if last and training.steps == 4 else g)
    return run(training, STEPS, plan=PLAN), training


def refused(workers: Workers) -> str:
    """A loss that is no number in one process stops all."""
    training = begun(workers=workers)
    poisoned = next(iter(training.trained.values()))
    poisoned.register_hook(lambda g: g * math.nan if workers.rank == 1 else g)
    try:
        run(training, 1, plan=PLAN)
    except NotFinite as error:
        return f"{error}; {training.steps} steps"
    return "nothing was refused"


def talk(workers: Workers) -> dict[str, Any]:
    """Sums, broadcasts and votes."""
    import torch

    here = float(workers.rank + 1)
    whole, matrix = torch.tensor(here), torch.full((2, 3), 10 * here)
    half = torch.full((2,), here, dtype=torch.bfloat16)
    workers.add_up([whole, matrix, half])
    taken = [torch.full((2, 2), here), torch.full((3,), -here)]
    workers.take_from_first(taken)
    workers.wait()
    return {
        "place": [workers.rank, workers.world, workers.device, workers.writes],
        "sums": [whole.item(), matrix.tolist(), half.tolist(), str(half.dtype)],
        "taken": [tensor.tolist() for tensor in taken],
        "any": [workers.any(bool(rank)) for rank in (0, workers.rank, 1 - workers.rank, 1)],
        "first": [workers.first_says(number) for number in (40 + workers.rank, 2**53 + 1)],
    }


def main(folder: Path, names: list[str]) -> None:
    from safetensors.torch import save_file

    with joined("cpu") as workers:
        said: dict[str, Any] = {"talk": talk(workers)}
        for name in names:
            scenario: Callable[[Workers], tuple[list[float], Training]] = globals()[name]
            losses, training = scenario(workers)
            said[name] = {"losses": losses, "numbers": training.state()[1]}
            save_file(trained(training), folder / f"{name}-{workers.rank}.safetensors")
        if names:
            said["refused"] = refused(workers)
        (folder / f"{workers.rank}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
