"""Quantities become metrics here: each gets its intervals, and the right one to show.

A share's interval by row is Wilson's, that of anything else a bootstrap over rows; where rows name
videos, a bootstrap over videos stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from paper_repro.evaluation.chance import Reference
from paper_repro.evaluation.intervals import Interval, bootstrap, wilson
from paper_repro.evaluation.marks import Integers
from paper_repro.evaluation.results import Metric
from paper_repro.evaluation.statistics import Quantity

VIDEO = "bootstrap over videos"
VIDEO_ONCE = "Wilson, each video counted once"
ROW = "bootstrap over rows"


class Collected:
    """Collects metrics; knows which video each row is of."""

    def __init__(self, videos: Sequence[str | None], seed: int) -> None:
        self._videos, self._seed = _groups(videos), seed
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
        given = {name: quantity for name, quantity in quantities.items() if quantity.n}
        by_row = self._by_row(given, rows)
        by_video = self._by_video(given, rows)
        for name, quantity in given.items():
            self.metrics[name] = Metric(
                value=quantity.value,
                n=quantity.n,
                units=units,
                by_row=by_row[name],
                by_video=by_video.get(name),
                chance=(chances or {}).get(name, ()),
                best=(best or {}).get(name),
            )

    def _by_row(self, quantities: Mapping[str, Quantity], rows: Integers) -> dict[str, Interval]:
        found = {
            name: wilson(quantity.successes, quantity.n)
            for name, quantity in quantities.items()
            if quantity.successes is not None
        }
        others = [name for name in quantities if name not in found]
        if others:
            statistics = [quantities[name].reweighted for name in others]
            _, groups = np.unique(rows, return_inverse=True)
            made = bootstrap(statistics, groups, self._seed, ROW)
            found |= dict(zip(others, made, strict=True))
        return found

    def _by_video(self, quantities: Mapping[str, Quantity], rows: Integers) -> dict[str, Interval]:
        if self._videos is None or not quantities:
            return {}
        _, groups = np.unique(self._videos[rows], return_inverse=True)
        count = int(groups.max()) + 1
        if count < 2:
            return {}
        statistics = [quantity.reweighted for quantity in quantities.values()]
        made = bootstrap(statistics, groups, self._seed, VIDEO)
        return {
            name: _seen(quantity, interval, count)
            for (name, quantity), interval in zip(quantities.items(), made, strict=True)
        }


def _seen(quantity: Quantity, interval: Interval, videos: int) -> Interval:
    """A share of 0 or 1 leaves a bootstrap nothing to vary: each video is then one trial."""
    if quantity.successes in (0, quantity.n):
        return wilson(videos if quantity.successes else 0, videos, VIDEO_ONCE)
    return interval


def _groups(videos: Sequence[str | None]) -> Integers | None:
    """A number for each row's video; a row without one is a video of its own."""
    if not any(videos):
        return None
    numbers: dict[str | int, int] = {}
    named = ((index if video is None else video) for index, video in enumerate(videos))
    return np.array([numbers.setdefault(one, len(numbers)) for one in named], dtype=np.int64)
