"""Points as the paper's answers write them: ``<point x='45.2' y='68.3'>suction device</point>``.

Coordinates are percent of the frame's width and height, from 0 to 100, with the origin at the top
left. The form and the four quadrants are those of the author's repository
(``scripts/evaluate_unified_vlm.py`` at commit addc7d8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_POINT = re.compile(
    rf"<point\s+x\s*=\s*(['\"])\s*({_NUMBER})\s*\1\s+y\s*=\s*(['\"])\s*({_NUMBER})\s*\3\s*>"
    r"([^<]*)</point>"
)
_OPENING = re.compile(r"<point\b[^\n]*")


@dataclass(frozen=True)
class Point:
    """One named place: x and y in percent of width and height, origin top left."""

    x: float
    y: float
    label: str

    @property
    def in_frame(self) -> bool:
        """Whether both coordinates lie in 0 to 100, edges included."""
        return 0 <= self.x <= 100 and 0 <= self.y <= 100


def read_points(text: str) -> tuple[Point, ...]:
    """Every complete point of an answer, in order; single or double quotes, any spacing.

    A point that is not closed, lacks a coordinate, or has one that is no plain decimal number is
    not read; :func:`broken_points` gives those. Coordinates out of range are read as they stand.
    """
    return tuple(
        Point(float(x), float(y), label.strip()) for _, x, _, y, label in _POINT.findall(text)
    )


def broken_points(text: str) -> tuple[str, ...]:
    """Every ``<point`` that :func:`read_points` passes over, to the end of its line."""
    return tuple(_OPENING.findall(_POINT.sub("", text)))


def write_point(point: Point) -> str:
    """The paper's form, with one decimal.

    Raises:
        ValueError: the label holds ``<``, which no reader could tell from the closing tag.
    """
    if "<" in point.label:
        raise ValueError(f"a label cannot hold '<': {point.label!r}")
    return f"<point x='{point.x:.1f}' y='{point.y:.1f}'>{point.label}</point>"


def quadrant(point: Point) -> str:
    """``top left``, ``top right``, ``bottom left`` or ``bottom right``; 50 is right, and bottom."""
    return f"{'top' if point.y < 50 else 'bottom'} {'left' if point.x < 50 else 'right'}"
