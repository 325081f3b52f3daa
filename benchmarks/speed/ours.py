"""The package's own engine: ``put_on`` → ``start`` → ``Training.step``, as ``train`` does it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.contenders import BATCHES, EFFECTIVE, RATE, Contender, Try
from benchmarks.speed.inputs import Ready, parts
from benchmarks.speed.model import Stack, gradient_norm, reference, stacked
from benchmarks.speed.timing import Measured, forget_peak, now, peak
from paper_repro.engine.engine import OFTEN
from paper_repro.engine.model import unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.training.step import Training, start

if TYPE_CHECKING:
    from torch import Tensor


def load(folder: Path, options: Mapping[str, Any]) -> Stack:
    """The stack in 16 bits; ``dropout`` is an option."""
    return stacked(folder, "bf16", options.get("dropout", 0.0))


def measure(stack: Stack, pixels: Ready, cut: Try, contender: Contender) -> Measured:
    """Options: ``tower``: nothing is kept; ``without``: techniques of the engine to do without;
    ``reference``: what the first update of others must come to is computed too."""
    options = contender.options
    training = start(
        stack.model,
        "adamw_torch",
        RATE,
        max_grad_norm=1.0,
        precision=stack.precision,
        checkpointing=cut.checkpointing,
        without=options.get("without", ()),
    )
    ready = pixels if options.get("tower") else _kept(stack, pixels)
    cycle = [[ready.batch(rows) for rows in parts(step, cut.batch)] for step in range(BATCHES)]
    training.engine.expect([_sizes(batch) for step in cycle for batch in step] * OFTEN)
    asked = ("answer", "sequence") if options.get("reference") else ()
    expected = {kind: reference(training.engine, pixels, range(EFFECTIVE), kind) for kind in asked}
    forget_peak()  # before any graph is recorded: what one allocates is counted then only
    loss, norm = _first(training, cycle[0])
    took = []
    for step in range(contender.warm_up + contender.steps):
        began = now()
        training.step([ready.batch(part) for part in parts(step, cut.batch)], EFFECTIVE)
        took.append(now() - began)
    warm, timed = took[: contender.warm_up], took[contender.warm_up :]
    more = {"off": dict(training.engine.off), "compiled for": len(training.engine.often)}
    return Measured(loss, norm, warm, timed, peak(), expected, more)


def _first(training: Training, batches: list[dict[str, Tensor]]) -> tuple[float, float]:
    """Loss and norm of the gradient of the first update, which is not made."""
    import torch

    share = torch.tensor(1 / EFFECTIVE, device=training.engine.trained[0].device)
    loss = sum(float(training.engine.backward(batch, share) * share) for batch in batches)
    return loss, gradient_norm(training.engine.trained)


def _kept(stack: Stack, ready: Ready, at_once: int = 8) -> Ready:
    """With the tower's outputs in the host's memory, as ``training.features`` keeps them."""
    import torch

    whole, grid = unwrapped(stack.model), ready.tensors["image_grid_thw"]
    pixels = ready.tensors["pixel_values"].split(int(grid[0].prod()) * at_once)
    found = []
    with torch.no_grad(), stack.precision.autocast(stack.device):
        for some, grids in zip(pixels, grid.split(at_once), strict=True):
            made = tower_outputs(whole, some.to(stack.device), grids.to(stack.device))
            found.append(made.to("cpu", whole.model.visual.dtype))
    return ready.with_features(torch.cat(found))


def _sizes(batch: Mapping[str, Tensor]) -> tuple[list[int], int, int]:
    """Lengths of a micro-batch's rows, and how many tokens are labelled and stand for pictures."""
    labelled = int((batch["labels"][:, 1:] != -100).sum())
    return batch["attention_mask"].sum(1).tolist(), labelled, int(batch["mm_token_type_ids"].sum())
