"""Intervals of 95 %: Wilson's for shares, and a bootstrap over rows or over whole videos.

Frames of one video resemble each other, so a row is not an independent trial: where rows name their
videos, whole videos are drawn again with replacement, and every row goes with its video. The
same seed gives the same interval. A bootstrap over few videos is rough; it is not repaired here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from paper_repro.evaluation.marks import Floats, Integers

CONFIDENCE = 0.95
RESAMPLES = 4000
_NUMBERS_AT_ONCE = 4_000_000
Statistic = Callable[[Floats], Floats]
"""From weights, [resamples, units], how often each unit was drawn, to [resamples] values."""


@dataclass(frozen=True)
class Interval:
    """Closed.

    Attributes:
        groups: how many rows, or videos, the method took for independent.
    """

    low: float
    high: float
    method: str
    groups: int


def wilson(successes: int, n: int, method: str = "Wilson") -> Interval:
    """Wilson's score interval of a share, without continuity correction.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212, as SciPy has it.
    """
    from scipy.stats import binomtest

    found = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high), method, n)


def bootstrap(
    statistics: Sequence[Statistic],
    groups: Integers,
    seed: int,
    method: str,
    resamples: int = RESAMPLES,
) -> list[Interval]:
    """Percentile intervals of several statistics from the same resamples.

    Args:
        groups: for each unit the number of its group, 0 to G - 1, [units]; groups are drawn as a
            whole. ``arange(n)`` draws single units.

    Returns:
        One interval a statistic.
    """
    random = np.random.default_rng(seed)
    count = int(groups.max()) + 1
    step = max(1, _NUMBERS_AT_ONCE // len(groups))
    values: list[list[Floats]] = [[] for _ in statistics]
    for start in range(0, resamples, step):
        drawn = _drawn(random, min(step, resamples - start), count)[:, groups].astype(np.float64)
        for kept, statistic in zip(values, statistics, strict=True):
            kept.append(statistic(drawn))
    tail = 100 * (1 - CONFIDENCE) / 2
    ends = (np.percentile(np.concatenate(kept), [tail, 100 - tail]) for kept in values)
    return [Interval(float(low), float(high), method, count) for low, high in ends]


def _drawn(random: np.random.Generator, resamples: int, count: int) -> Integers:
    """How often each of ``count`` groups is among as many draws with replacement."""
    places = random.integers(0, count, (resamples, count))
    places += count * np.arange(resamples)[:, None]
    drawn = np.bincount(places.ravel(), minlength=resamples * count)
    return drawn.reshape(resamples, count)
