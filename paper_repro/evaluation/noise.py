"""The noise floor: how well anyone could answer points that were made with noise.

The author's ``create_comprehensive_spatial_dataset.py`` (at commit addc7d8) makes a "ground truth"
point from one of five regions: the region's centre, plus noise that is uniform in ±a (a = 10 % of
the frame) in x and in y, drawn afresh for each row. The best answer knows the region and says its
centre; the noise it cannot know. With the errors u, v uniform in [-a, a] and independent:

- mean \\|error\\| in x, and in y: a / 2
- mean distance: a (√2 + ln(1 + √2)) / 3
- P(distance ≤ r): π r² / 4 a² up to r = a; then (4 a √(r² - a²) + r² (π - 4 arccos(a / r))) / 4 a²;
  from r = a √2 on it is 1
- median distance: a √(2 / π), where the first form is ½
- quadrant: 1 for the four outer regions, whose noise does not reach the middle; ¼ at the frame's
  centre, where the signs of u and v decide it

The centre is the best answer to each of these at once: it is the median of a symmetric noise, and
the disc around it that lies inside the square covers the most. Points that do not come from the
construction are taken as answered without error, so a mixture's figures are bounds. The noise is
taken as continuous; the script rounds points to one decimal, which moves no figure by more than
0.003. All are expectations: in a finite sample luck may do a little better.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import acos, asinh, pi, sqrt

CENTRES = ((25, 25), (75, 25), (25, 75), (75, 75), (50, 50))
"""The five centres, x and y in percent of the frame, origin top left."""
NAMES = ("top left", "top right", "bottom left", "bottom right", "centre")
FIFTHS = (Fraction(1, 5),) * 5
LEAST_SHARE = Fraction(4, 5)
"""From this share of points inside the regions on, they are taken for the construction's own."""
LEAST_POINTS = 10
_ROUNDING = 0.05


def least_mean_error(noise: Fraction, share: Fraction = Fraction(1)) -> Fraction:
    """The least mean \\|error\\| in one direction, when a share of the points has uniform noise.

    Args:
        noise: half the width of the noise, in any unit, which is then the result's.
        share: of the points that carry it; the others are taken as answered without error.
    """
    return noise / 2 * share


@dataclass(frozen=True)
class Floor:
    """The best possible figures, in expectation, for points of which ``shares`` are in regions.

    Attributes:
        noise: half the width of the noise, percent of the frame.
        shares: of all points, those of each of the five regions; the rest carries no noise.
    """

    noise: Fraction
    shares: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not 0 < self.noise <= 25 or len(self.shares) != 5 or sum(self.shares) > 1:
            raise ValueError(f"expected noise up to 25 and five shares, got {self}")

    @property
    def noisy(self) -> Fraction:
        """The share of the points that carry noise."""
        return sum(self.shares, Fraction(0))

    @property
    def mean_error(self) -> Fraction:
        """In x, and in y; percent of the frame."""
        return least_mean_error(self.noise, self.noisy)

    @property
    def mean_distance(self) -> float:
        """Percent of the frame."""
        return float(self.noisy * self.noise) * (sqrt(2) + asinh(1)) / 3

    @property
    def median_distance(self) -> float:
        """Percent of the frame; 0 when at least half of the points carry no noise."""
        if self.noisy <= Fraction(1, 2):
            return 0.0
        inside = float((self.noisy - Fraction(1, 2)) / self.noisy)
        return float(self.noise) * sqrt(4 * inside / pi)

    def within(self, radius: float) -> float:
        """The share of answers within a distance, percent of the frame."""
        covered = _covered(radius, float(self.noise))
        return float(1 - self.noisy) + float(self.noisy) * covered

    @property
    def quadrant(self) -> Fraction:
        """The share of answers in the right quadrant."""
        return 1 - self.shares[-1] * Fraction(3, 4)


def _covered(radius: float, half: float) -> float:
    """The share of a square of half side ``half`` that a disc around its centre covers."""
    if radius <= half:
        return pi * radius**2 / (4 * half**2)
    if radius >= half * sqrt(2):
        return 1.0
    beside = 4 * half * sqrt(radius**2 - half**2)
    return (beside + radius**2 * (pi - 4 * acos(half / radius))) / (4 * half**2)


def region_counts(points: Iterable[Sequence[float]], noise: Fraction) -> tuple[int, ...]:
    """How many points lie within the noise of each of the five centres, rounding allowed for."""
    reach = float(noise) + _ROUNDING
    counts = [0] * 5
    for x, y in points:
        for place, (cx, cy) in enumerate(CENTRES):
            counts[place] += abs(x - cx) <= reach and abs(y - cy) <= reach
    return tuple(counts)


def floor_of(points: Sequence[Sequence[float]], noise: Fraction) -> Floor | None:
    """The floor for these points of the truth, or None where they are not made so.

    The regions cover 20 % of the frame. When at least 80 % of at least ten points lie in them, the
    points are taken for the construction's, and all that lie in a region for noisy.
    """
    counts = region_counts(points, noise)
    n = len(points)
    if n < LEAST_POINTS or Fraction(sum(counts), n) < LEAST_SHARE:
        return None
    return Floor(noise, tuple(Fraction(count, n) for count in counts))


def study_noise() -> Fraction | None:
    """The noise that the shipped study says its points carry, percent of the frame."""
    from paper_repro.study import load_study

    found = (data.point_noise for data in load_study().datasets if data.point_noise is not None)
    value = next(found, None)
    return None if value is None else Fraction(str(value))
