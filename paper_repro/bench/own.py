"""The package's engine on the same samples: the tower once, an update in as few passes as fit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

from paper_repro.bench.clock import forget_peak, now, peak
from paper_repro.bench.samples import IGNORED, Samples
from paper_repro.bench.timed import Timed, timed
from paper_repro.engine.model import unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.study import Settings
from paper_repro.training.feed import Lookahead, Made
from paper_repro.training.precision import Precision
from paper_repro.training.step import Training, start

if TYPE_CHECKING:
    from torch import Tensor

WARM_UP, LEAST, MOST = 4, 12, 400
"""Updates: those that are not timed, then how many at least and at most."""
TOWER = 3
"""How often the tower is timed."""


def train(
    model: Any,
    samples: Samples,
    settings: Settings,
    precision: Precision,
    *,
    device: str,
    batch: int,
    checkpointing: bool,
    rows: int,
    seconds: float,
) -> Timed:
    """Updates for so many seconds.

    Args:
        model: with its adapters, on the device.
        samples: those of one update.
        batch: samples a pass, which divides them.
        rows: of the data, for each of which the tower runs once.
        seconds: after which no update is begun.
    """
    kept, of_one = _tower(model, samples, precision, device)
    parts = [list(range(at, at + batch)) for at in range(0, len(kept), batch)]
    ready = [_joined(samples, part, kept) for part in parts]
    forget_peak()
    training = start(
        model,
        "adamw_torch",
        settings.learning_rate,
        max_grad_norm=1.0,
        precision=precision,
        checkpointing=checkpointing,
    )
    updates = rows * settings.epochs // len(kept)
    training.engine.expect([_sizes(each) for each in ready] * updates)
    took = _steps(training, ready, len(kept), seconds)
    return timed(
        [one / len(kept) for one in took],
        rows * settings.epochs,
        peak_bytes=peak(),
        once_seconds=of_one * rows,
        samples_a_pass=batch,
        checkpointing=checkpointing,
    )


def _steps(
    training: Training, ready: Sequence[dict[str, Tensor]], samples: int, seconds: float
) -> list[float]:
    batches = Lookahead(_made(training, ready))
    for _ in range(WARM_UP):
        training.step(next(batches), samples, batches.fetch)
    until, took = time.monotonic() + seconds, list[float]()
    while len(took) < LEAST or (time.monotonic() < until and len(took) < MOST):
        began = now()
        training.step(next(batches), samples, batches.fetch)
        took.append(now() - began)
    return took


def _made(training: Training, ready: Sequence[dict[str, Tensor]]) -> Iterator[Made]:
    for step in count():
        own = {place: training.ahead(each, step) for place, each in enumerate(ready)}
        yield Made(own, len(ready))


def _tower(
    model: Any, samples: Samples, precision: Precision, device: str
) -> tuple[list[tuple[Tensor, Tensor]], float]:
    """The outputs for every frame with its grid, on the host; and the seconds that one takes, from
    the picture on."""
    import torch

    whole, took = unwrapped(model), list[float]()
    rows = range(len(samples.frames))
    for _ in range(TOWER):
        began = now()
        made = samples.pixels(rows)
        pixels, grid = made["pixel_values"].to(device), made["image_grid_thw"]
        with torch.no_grad(), precision.autocast(device):
            found = tower_outputs(whole, pixels, grid.to(device))
        found = found.to("cpu", whole.model.visual.dtype)
        took.append(now() - began)
    return list(zip(found.chunk(len(rows)), grid.split(1), strict=True)), median(took) / len(rows)


def _joined(
    samples: Samples, part: Sequence[int], kept: Sequence[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    import torch

    features, grids = zip(*(kept[row] for row in part), strict=True)
    return samples.with_features(part, torch.cat(features), torch.cat(grids))


def _sizes(batch: dict[str, Tensor]) -> tuple[list[int], int, int]:
    """Lengths of the rows, and how many tokens are labelled and stand for pictures."""
    labelled = int((batch["labels"][:, 1:] != IGNORED).sum())
    return batch["attention_mask"].sum(1).tolist(), labelled, int(batch["mm_token_type_ids"].sum())
