"""The learning rate as a pure function of the step: a linear warm-up, then half a cosine.

The formula is that of transformers' ``get_cosine_schedule_with_warmup``. As nothing but the step
decides, there is no state to save: a resumed run goes on where it stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Cosine:
    """A cosine schedule.

    Attributes:
        peak: the learning rate at the end of the warm-up.
        steps: optimizer steps of the whole run.
        warmup: optimizer steps in which the rate rises from 0 to the peak.
    """

    peak: float
    steps: int
    warmup: int = 0

    def __call__(self, step: int) -> float:
        """The rate of a step, counted from 0; 0 at and after :attr:`steps`."""
        if step >= self.steps:
            return 0.0
        if step < self.warmup:
            return self.peak * (step / max(1, self.warmup))
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.peak * max(0.0, 0.5 * (1.0 + math.cos(math.pi * done)))


def warmup_steps(steps: int, share: float) -> int:
    """Steps of warm-up for a share of all steps, rounded up as transformers' Trainer does."""
    return math.ceil(steps * share)
