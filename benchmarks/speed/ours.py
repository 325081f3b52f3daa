"""The package's own engine: ``put_on`` → ``start`` → ``Training.step``, as ``train`` does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.contenders import BATCHES, EFFECTIVE, RATE, Contender, Try
from benchmarks.speed.inputs import Ready, parts, sizes_of
from benchmarks.speed.model import Stack, kept, reference, stacked
from benchmarks.speed.record import SAMPLES
from benchmarks.speed.timing import Measured
from paper_repro.bench.clock import forget_peak, now, peak
from paper_repro.training.feed import Lookahead, Made
from paper_repro.training.step import Training, start

if TYPE_CHECKING:
    from torch import Tensor

RUN = 1713
"""Steps that the engine is told to expect: those of the paper's run, of which a few are made. It
compiles and records what comes often."""
CLIPPED = 1.0
"""To which norm gradients are scaled down."""


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
        precision=stack.precision,
        checkpointing=cut.checkpointing,
        without=options.get("without", ()),
    )
    expected = _expected(training.engine, pixels) if options.get("reference") else {}
    ready = pixels if options.get("tower") else kept(stack, pixels)
    cycle = [
        sizes_of(ready.batch(rows)) for step in range(BATCHES) for rows in parts(step, cut.batch)
    ]
    training.engine.expect(cycle * (RUN // BATCHES))
    batches = Lookahead(made(training, ready, cut))
    forget_peak()  # before any graph is recorded: what one allocates is counted then only
    began = now()
    loss, norm = _first(training, batches)
    took = [now() - began]
    for _ in range(1, contender.warm_up + contender.steps):
        began = now()
        training.step(next(batches), EFFECTIVE, batches.fetch)
        took.append(now() - began)
    warm, timed = took[: contender.warm_up], took[contender.warm_up :]
    more = {"off": dict(training.engine.off), "recorded": len(training.engine.often)}
    return Measured(loss, norm, warm, timed, peak(), expected, more)


def _expected(engine: Any, pixels: Ready) -> dict[str, dict[str, float]]:
    """What the first update must come to: the peers' by their labels, and the package's."""
    rows = range(EFFECTIVE)
    peers = {labels: reference(engine, pixels, rows, labels) for labels in ("answer", "sequence")}
    return peers | {SAMPLES: reference(engine, pixels, rows, "answer", by_token=False)}


def made(training: Training, ready: Ready, cut: Try) -> Iterator[Made]:
    """Micro-batches of one step after another, as ready as they can be made before it."""
    for step in count():
        rows = parts(step, cut.batch)
        own = {place: training.ahead(ready.batch(part), step) for place, part in enumerate(rows)}
        yield Made(own, len(rows))


def _first(training: Training, batches: Lookahead[Made]) -> tuple[float, float]:
    """Loss and norm of the gradient of the first update, which is made without clipping."""
    import torch

    seen: list[Tensor] = []

    def look(*_: Any) -> None:
        grads = [tensor.grad for tensor in training.trained.values() if tensor.grad is not None]
        seen.append(torch.nn.utils.get_total_norm(grads))

    hook = training.optimizer.register_step_pre_hook(look)
    loss = training.step(next(batches), EFFECTIVE, batches.fetch)
    hook.remove()
    training.max_grad_norm = CLIPPED
    return loss, float(seen[0])
