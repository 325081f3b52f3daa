"""Time and memory on the device, and what repeated times say of a whole run."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, stdev

CONFIDENCE = 0.95
"""Of a prediction."""
STRETCHES = 6
"""Parts into which repeated times are cut: enough for a spread, and few enough to be long."""


def now() -> float:
    """Seconds, once the card has done all that it was given."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def forget_peak() -> None:
    """Free what can be freed, and begin anew with the most bytes that are allocated."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak() -> int:
    """Most bytes allocated on the card since then; 0 without one."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def prediction(times: Sequence[float]) -> tuple[float, float]:
    """Between what the mean over another sixth of these times will lie, 19 times of 20.

    Times that follow one another are averaged by sixths, so that single slow ones, which a whole
    run averages too, count little, and slow stretches count whole: a run may go on as its slowest
    stretch does, when a card grows warm or a machine is shared. Student's t on logarithms.

    Raises:
        ValueError: fewer times than sixths, or one that is not above zero.
    """
    from scipy.stats import t

    if len(times) < STRETCHES or min(times) <= 0:
        raise ValueError(f"expected {STRETCHES} times above zero or more, got {list(times)}")
    logs = [math.log(fmean(each)) for each in _stretches(times)]
    half = t.ppf((1 + CONFIDENCE) / 2, STRETCHES - 1) * stdev(logs) * math.sqrt(1 + 1 / STRETCHES)
    return math.exp(fmean(logs) - half), math.exp(fmean(logs) + half)


def _stretches(times: Sequence[float]) -> list[Sequence[float]]:
    ends = [len(times) * place // STRETCHES for place in range(STRETCHES + 1)]
    return [times[first:last] for first, last in pairwise(ends)]
