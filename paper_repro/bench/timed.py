"""What is measured of one way to compute a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HOUR = 3600


@dataclass(frozen=True)
class Timed:
    """Of one way.

    Attributes:
        seconds: of one sample, as often as it was timed.
        once_seconds: what is done once for the whole run: the tower on every row's frame, where its
            outputs are kept.
        hours_low, hours_high: of the whole run, by what the mean over another stretch of these
            times would be, 19 times of 20; see ``bench.clock.prediction``.
        hours: by their median.
        peak_bytes: most bytes allocated on the card; 0 without one.
        samples_a_pass: how many.
        checkpointing: whether activations are computed again in the backward pass.
        kernels: launched for one sample; 0 where they are not counted.
        tower_differentiated: whether the frozen tower was part of the backward pass.
    """

    seconds: tuple[float, ...]
    once_seconds: float
    hours_low: float
    hours: float
    hours_high: float
    peak_bytes: int
    samples_a_pass: int
    checkpointing: bool
    kernels: int
    tower_differentiated: bool

    @property
    def per_sample(self) -> float:
        """The median, in seconds."""
        return median(self.seconds)


def timed(
    seconds: Sequence[float],
    samples: int,
    *,
    peak_bytes: int,
    once_seconds: float = 0.0,
    samples_a_pass: int = 1,
    checkpointing: bool = True,
    kernels: int = 0,
    tower_differentiated: bool = False,
) -> Timed:
    """With the hours of a run of so many samples."""
    from paper_repro.bench.clock import prediction

    low, high = prediction(seconds)

    def hours(each: float) -> float:
        return (each * samples + once_seconds) / HOUR

    return Timed(
        seconds=tuple(seconds),
        once_seconds=once_seconds,
        hours_low=hours(low),
        hours=hours(median(seconds)),
        hours_high=hours(high),
        peak_bytes=peak_bytes,
        samples_a_pass=samples_a_pass,
        checkpointing=checkpointing,
        kernels=kernels,
        tower_differentiated=tower_differentiated,
    )
