"""Quantities become metrics here: each gets its intervals, and the right one to show.

An interval takes rows for independent, or, where rows name them, whole videos. A share whose units
are each a row (a video) of their own has Wilson's; everything else a bootstrap over rows (videos).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from paper_repro.evaluation.chance import Reference
from paper_repro.evaluation.intervals import Interval, bootstrap, wilson
from paper_repro.evaluation.marks import Integers
from paper_repro.evaluation.results import Metric
from paper_repro.evaluation.statistics import Quantity

ROW, VIDEO = "rows", "videos"


class Collected:
    """Collects metrics; knows which video each row is of."""

    def __init__(self, videos: Sequence[str | None], seed: int) -> None:
        self._videos, self._seed = _numbered(videos), seed
        self.metrics: dict[str, Metric] = {}
        self.absent: dict[str, str] = {}

    def add(
        self,
        rows: Integers,
        units: str,
        quantities: Mapping[str, Quantity],
        chances: Mapping[str, tuple[Reference, ...]] | None = None,
        best: Mapping[str, float] | None = None,
    ) -> None:
        """Metrics of the same units, of which each belongs to one of ``rows``."""
        by_row = intervals(quantities, rows, self._seed, ROW)
        by_video = {}
        if self._videos is not None and len(np.unique(self._videos[rows])) > 1:
            by_video = intervals(quantities, self._videos[rows], self._seed, VIDEO)
        for name, quantity in quantities.items():
            self.metrics[name] = Metric(
                value=quantity.value,
                n=quantity.n,
                units=units,
                by_row=by_row[name],
                by_video=by_video.get(name),
                chance=(chances or {}).get(name, ()),
                best=(best or {}).get(name),
            )


def intervals(
    quantities: Mapping[str, Quantity], of: Integers, seed: int, what: str
) -> dict[str, Interval]:
    """An interval for each quantity.

    Args:
        of: for each unit the number of its row or video, [units].
        what: ``rows`` or ``videos``.
    """
    _, groups = np.unique(of, return_inverse=True)
    count = int(groups.max()) + 1
    exact = {name: _by_wilson(quantity, count, what) for name, quantity in quantities.items()}
    found = {name: interval for name, interval in exact.items() if interval is not None}
    if others := [name for name in quantities if name not in found]:
        statistics = [quantities[name].reweighted for name in others]
        made = bootstrap(statistics, groups, seed, f"bootstrap over {what}")
        found |= dict(zip(others, made, strict=True))
    return found


def _by_wilson(quantity: Quantity, groups: int, what: str) -> Interval | None:
    """A share of 0 or 1 leaves a bootstrap nothing to vary: each group is then one trial."""
    if quantity.successes is None:
        return None
    if groups == quantity.n:
        return wilson(quantity.successes, quantity.n, "Wilson")
    if quantity.successes in (0, quantity.n):
        return wilson(groups if quantity.successes else 0, groups, f"Wilson, {what} counted once")
    return None


def _numbered(videos: Sequence[str | None]) -> Integers | None:
    """A number for each row's video; a row without one is a video of its own."""
    if not any(videos):
        return None
    numbers: dict[str | int, int] = {}
    named = ((index if video is None else video) for index, video in enumerate(videos))
    return np.array([numbers.setdefault(one, len(numbers)) for one in named], dtype=np.int64)
