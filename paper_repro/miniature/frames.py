"""Frames drawn by this package: 112 × 112 pixels, uneven light, shafts, blood, glare and noise.

``scene(random, look, things)`` places one thing in every quadrant, so that a model that points to
just anything is right once in four; ``draw(scene)`` paints it. Light falls off from left to right
and is warmer at the top, as an endoscope's never is even: it is all that tells a model with
relative position codes where in the frame something lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paper_repro.miniature.things import COLOURS, TISSUES, Look, Rgb, Thing

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIDE = 112
"""Height and width in pixels: 8 × 8 patches, 4 × 4 image tokens."""
_FINE = 2
"""Things are painted so many times larger, then reduced: smooth edges."""
_QUADRANTS = ((25, 25), (75, 25), (25, 75), (75, 75))
_JITTER = 13.0
_SIZE = 9.0
_STEEL = (150, 155, 165)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """A thing and where it lies: x and y in percent, origin top left."""

    thing: Thing
    x: float
    y: float
    shaft: bool


@dataclass(frozen=True)
class Scene:
    """All that a frame shows; ``seed`` decides blood, glare and noise.

    Attributes:
        gain: brightness of the light, 1 for the ordinary one.
        tilt: how far the light's axis is turned, in radians.
    """

    look: Look
    placed: tuple[Placed, ...]
    gain: float
    tilt: float
    seed: int


def scene(
    random: np.random.Generator,
    look: Look,
    things: Sequence[Thing],
    shafts: Sequence[bool],
    light: tuple[float, float] | None = None,
) -> Scene:
    """Place four things, one in each quadrant, in random order.

    Args:
        light: gain and tilt; drawn at random when None.
    """
    gain, tilt = light or lighting(random)
    centres = random.permutation(_QUADRANTS) + random.uniform(-_JITTER, _JITTER, (4, 2))
    placed = tuple(
        Placed(thing, round(float(x), 1), round(float(y), 1), shaft)
        for thing, (x, y), shaft in zip(things, centres, shafts, strict=True)
    )
    return Scene(look, placed, gain, tilt, int(random.integers(2**31)))


def lighting(random: np.random.Generator) -> tuple[float, float]:
    """Gain and tilt of one endoscope."""
    return float(random.uniform(0.85, 1.1)), float(random.uniform(-0.12, 0.12))


def draw(scene: Scene) -> Image:
    """Paint a scene."""
    from PIL import Image

    random = np.random.default_rng(scene.seed)
    picture = Image.fromarray(_tissue(scene.look, random).clip(0, 255).astype(np.uint8))
    picture = _with_things(picture, scene.placed)
    pixels = np.asarray(picture, dtype=np.float64)
    pixels = _with_blood(pixels, random) * _light(scene.gain, scene.tilt)
    pixels = _with_glare(pixels, random) + random.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _grid() -> tuple[Array, Array]:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return x, y


def _tissue(look: Look, random: np.random.Generator) -> Array:
    x, y = _grid()
    phase, angle = random.uniform(0, 2 * np.pi), random.uniform(0.5, 1.1)
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    waves = {
        "smooth": 0.04 * np.sin(9 * along + phase),
        "striped": 0.22 * np.sign(np.sin(60 * along + phase)),
        "spotted": 0.40 * ((np.sin(45 * along + phase) * np.sin(45 * across + phase)) > 0.45),
        "grainy": 0.22 * random.standard_normal((SIDE // 4, SIDE // 4)).repeat(4, 0).repeat(4, 1),
    }
    shade: Array = 1 + waves[look.pattern]
    return shade[..., None] * np.array(TISSUES[look.tissue], dtype=np.float64)


def _light(gain: float, tilt: float) -> Array:
    """Bright at the left, warm at the top: each place has a light of its own."""
    x, y = _grid()
    across = np.cos(tilt) * (x - 0.5) + np.sin(tilt) * (y - 0.5)
    down = np.cos(tilt) * (y - 0.5) - np.sin(tilt) * (x - 0.5)
    brightness = gain * (0.75 - 0.5 * across)
    warmth = -0.36 * down
    light: Array = brightness[..., None] * np.stack([1 + warmth, 1 + 0 * x, 1 - warmth], axis=-1)
    return light


def _with_things(picture: Image, placed: Sequence[Placed]) -> Image:
    from PIL import Image, ImageDraw

    large = picture.resize((SIDE * _FINE, SIDE * _FINE))
    brush = ImageDraw.Draw(large)
    for one in placed:
        x, y = one.x / 100 * SIDE * _FINE, one.y / 100 * SIDE * _FINE
        if one.shaft:
            edge = 0 if one.x < 50 else SIDE * _FINE
            brush.line([(edge, y), (x, y)], _STEEL, width=4 * _FINE)
        _shape(brush, one.thing.shape, x, y, _SIZE * _FINE, COLOURS[one.thing.colour])
    return large.resize((SIDE, SIDE), Image.Resampling.BOX)


def _shape(brush: ImageDraw, shape: str, x: float, y: float, r: float, colour: Rgb) -> None:
    """One shape of radius ``r`` in pixels around (x, y)."""

    def at(*corners: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + r * a, y + r * b) for a, b in corners]

    pen = round(r / 2.4)
    if shape == "ring":
        brush.ellipse(at((-1, -1), (1, 1)), outline=colour, width=pen)
    elif shape == "ball":
        brush.ellipse(at((-1, -1), (1, 1)), fill=colour)
    elif shape == "fork":
        brush.line(at((-0.8, -1), (-0.8, 0.2), (0.8, 0.2), (0.8, -1)), colour, width=pen)
        brush.line(at((0, 0.2), (0, 1)), colour, width=pen)
    elif shape == "blade":
        brush.polygon(at((-0.35, -1.1), (0.35, -1.1), (0.35, 1.1), (-0.35, 1.1)), fill=colour)
    elif shape == "cross":
        brush.line(at((-0.9, -0.9), (0.9, 0.9)), colour, width=pen)
        brush.line(at((-0.9, 0.9), (0.9, -0.9)), colour, width=pen)
    elif shape == "wedge":
        brush.polygon(at((0, -1), (1, 0.9), (-1, 0.9)), fill=colour)
    elif shape == "block":
        brush.rectangle(at((-0.9, -0.9), (0.9, 0.9)), fill=colour)
    elif shape == "hook":
        brush.arc(at((-0.9, -0.4), (0.9, 1.1)), 0, 200, colour, width=pen)
        brush.line(at((0.72, 0.4), (0.72, -1.1)), colour, width=pen)
    else:
        raise ValueError(f"no shape {shape!r}")


def _with_blood(pixels: Array, random: np.random.Generator) -> Array:
    """Up to two translucent spots, which may hide part of a thing."""
    x, y = _grid()
    for _ in range(random.integers(0, 3)):
        cx, cy, radius = random.uniform(0.05, 0.95), random.uniform(0.05, 0.95), 0.05
        cover = 0.6 * np.exp(-((((x - cx) ** 2 + (y - cy) ** 2) / radius**2) ** 2))[..., None]
        pixels = (1 - cover) * pixels + cover * np.array([120.0, 10.0, 15.0])
    return pixels


def _with_glare(pixels: Array, random: np.random.Generator) -> Array:
    """Small wet highlights."""
    for row, column in random.integers(1, SIDE - 1, (int(random.integers(3, 9)), 2)):
        pixels[row - 1 : row + 1, column - 1 : column + 1] = 250
    return pixels
