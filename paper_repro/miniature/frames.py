"""Frames drawn by this package: 112 × 112 pixels, uneven light, shafts, blood, glare and noise.

``scene(random, look, things)`` places up to four things, each in a quadrant of its own, so that of
four a model that points to just anything is right once in four; ``draw(scene)`` paints it. Light
falls off from left to right and is warmer at the top, as an endoscope's never is even: it is all
that tells a model with relative position codes where in the frame something lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import cos, sin
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paper_repro.miniature.things import COLOURS, PATTERNS, TISSUES, Look, Thing

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Array = NDArray[np.float32]
SIDE = 112
"""Height and width in pixels: 8 × 8 patches, 4 × 4 image tokens."""
_FINE = 4
"""Things are painted so many times larger, then reduced: smooth edges."""
_QUADRANTS = ((25, 25), (75, 25), (25, 75), (75, 75))
_JITTER = 13.0
_SIZE = 12.0
_TILE = 36
_TURN = 15.0
_STEEL = np.array((120, 124, 134), dtype=np.float32)
_BLOOD = np.array((110, 8, 14), dtype=np.float32)
_Y, _X = ((np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE).astype(np.float32)
"""Of each pixel's middle, as parts of the frame."""
_VIEW = (((0.68 - np.hypot(_X - 0.5, _Y - 0.5)) / 0.05).clip(0.04, 1)).astype(np.float32)
"""How much of the light comes through the scope's round opening."""
_GLEAM = 240 * np.exp(-((np.mgrid[-2:3, -2:3] ** 2).sum(0) / 1.6))[..., None].astype(np.float32)


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
    """Place up to four things, each in a quadrant of its own, in random order.

    Args:
        light: gain and tilt; drawn at random when None.
    """
    gain, tilt = light or lighting(random)
    jitter = random.uniform(-_JITTER, _JITTER, (len(things), 2))
    centres = random.permutation(_QUADRANTS)[: len(things)] + jitter
    placed = tuple(
        Placed(thing, round(float(x), 1), round(float(y), 1), shaft)
        for thing, (x, y), shaft in zip(things, centres, shafts, strict=True)
    )
    return Scene(look, placed, gain, tilt, int(random.integers(2**31)))


def lighting(random: np.random.Generator) -> tuple[float, float]:
    """Gain and tilt of one endoscope."""
    return float(random.uniform(0.85, 1.1)), float(random.uniform(-0.12, 0.12))


def draw(scene: Scene) -> Image:
    """Paint a scene; the same bytes for the same scene."""
    from PIL import Image

    random = np.random.default_rng(scene.seed)
    pixels = _tissue(scene.look, random)
    _add_shafts(pixels, scene.placed, random)
    for one in scene.placed:
        _add_thing(pixels, one, float(random.uniform(-_TURN, _TURN)))
    _add_blood(pixels, random)
    pixels *= _light(scene.gain, scene.tilt)
    _add_glare(pixels, random)
    pixels += 4 * random.standard_normal((SIDE, SIDE, 1), dtype=np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _tissue(look: Look, random: np.random.Generator) -> Array:
    """Bare tissue under even light: its colour, mottled, with its pattern."""
    phase, angle = random.uniform(0, 2 * np.pi), random.uniform(0.5, 1.1)
    bent = _Y + 0.03 * np.sin(9 * _X + phase)
    along = cos(angle) * _X + sin(angle) * bent
    across = cos(angle) * bent - sin(angle) * _X
    shade = 1 + 0.05 * np.sin(7 * along + phase) * np.cos(5 * across)
    colour = np.array(TISSUES[look.tissue], dtype=np.float32)
    pixels: Array = (shade[..., None] * colour).astype(np.float32)
    if look.pattern == "striped":
        cover = 0.5 + 0.5 * np.sin(62 * along + phase)
    elif look.pattern == "spotted":
        bumps = np.sin(48 * along + phase) * np.sin(48 * across + phase)
        cover = 1 / (1 + np.exp(14 * (0.35 - bumps)))
    elif look.pattern == "grainy":
        cover = 1 / (1 + np.exp(-3 * _grain(random)))
    else:
        return pixels
    _cover(pixels, 0.55 * cover, np.array(PATTERNS[look.pattern], dtype=np.float32))
    return pixels


def _grain(random: np.random.Generator) -> Array:
    """Soft grains of about four pixels, with a deviation of one."""
    from PIL import Image

    coarse = Image.fromarray(random.standard_normal((SIDE // 4, SIDE // 4), dtype=np.float32))
    fine = coarse.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(fine, np.float32) * np.float32(1.4)


def _light(gain: float, tilt: float) -> Array:
    """Bright at the left, warm at the top, dark outside the scope's round view."""
    across = cos(tilt) * (_X - 0.5) + sin(tilt) * (_Y - 0.5)
    down = cos(tilt) * (_Y - 0.5) - sin(tilt) * (_X - 0.5)
    brightness = gain * (0.8 - 0.55 * across) * _VIEW
    light = np.repeat(brightness[..., None], 3, axis=2)
    light[..., 0] *= 1 - 0.34 * down
    light[..., 2] *= 1 + 0.34 * down
    return light.astype(np.float32)


def _add_shafts(pixels: Array, placed: Sequence[Placed], random: np.random.Generator) -> None:
    """Steel rods from the nearer side of the frame to the tips that have one."""
    from PIL import Image, ImageDraw

    side = SIDE * _FINE // 2
    sheet, gleam = (Image.new("L", (side, side)) for _ in range(2))
    for one in placed:
        slope = random.uniform(-9, 9)
        if one.shaft:
            edge = -2 if one.x < 50 else 102
            line = [place * side / 100 for place in (edge, one.y + slope, one.x, one.y)]
            ImageDraw.Draw(sheet).line(line, 255, width=round(2.25 * _FINE))
            line[1], line[3] = line[1] - _FINE // 2, line[3] - _FINE // 2
            ImageDraw.Draw(gleam).line(line, 255, width=_FINE // 2)
    if sheet.getbbox():
        cover, shine = _reduced(sheet, _FINE // 2), _reduced(gleam, _FINE // 2)
        pixels *= 1 - np.float32(0.4) * np.roll(cover, (2, 1), (0, 1))[..., None]
        _cover(pixels, cover, _STEEL + np.float32(90) * shine[..., None])


def _add_thing(pixels: Array, one: Placed, turn: float) -> None:
    """A tip or a piece of anatomy with its shadow, lit from the top left."""
    (left, right), (top, down) = (
        divmod(round(where / 100 * SIDE * _FINE) - _TILE * _FINE // 2, _FINE)
        for where in (one.x, one.y)
    )
    mask = _turned(one.thing.shape, round(turn), right, down)
    edge = np.zeros_like(mask)
    edge[1:-1, 1:-1] = mask[2:, 2:] - mask[:-2, :-2]
    here = (slice(max(top, 0), top + _TILE), slice(max(left, 0), left + _TILE))
    part = pixels[here]
    inside = (slice(max(-top, 0), None), slice(max(-left, 0), None))
    mask, edge, shadow = (
        tile[inside][: part.shape[0], : part.shape[1]]
        for tile in (mask, edge, np.roll(mask, (2, 2), (0, 1)))
    )
    part *= 1 - 0.45 * shadow[..., None]
    colour = np.array(COLOURS[one.thing.colour], dtype=np.float32)
    _cover(part, mask, colour + 55 * edge[..., None])


def _cover(pixels: Array, mask: Array, colour: Array) -> None:
    pixels += mask[..., None] * (colour - pixels)


@lru_cache(maxsize=4096)
def _turned(shape: str, degrees: int, right: int, down: int) -> Array:
    """A shape's mask in a tile, turned about its middle and moved by quarters of a pixel."""
    from PIL import Image

    moved = _mask(shape).rotate(degrees, Image.Resampling.BILINEAR, translate=(right, down))
    return _reduced(moved, _FINE)


def _reduced(image: Image, by: int) -> Array:
    """Grey as parts of white, each pixel the mean of ``by`` × ``by``."""
    return (np.asarray(image.reduce(by)) / 255).astype(np.float32)


@cache
def _mask(shape: str) -> Image:
    """A shape in the middle of a tile that is painted so many times larger."""
    from PIL import Image, ImageDraw

    tile = Image.new("L", (_TILE * _FINE, _TILE * _FINE))
    _paint(ImageDraw.Draw(tile), shape, _TILE * _FINE / 2, _SIZE * _FINE)
    return tile


def _paint(brush: ImageDraw, shape: str, middle: float, r: float) -> None:
    def at(*corners: tuple[float, float]) -> list[tuple[float, float]]:
        return [(middle + r * a, middle + r * b) for a, b in corners]

    pen = round(r / 2.2)
    if shape == "hoop":
        brush.ellipse(at((-1, -1), (1, 1)), outline=255, width=pen)
    elif shape == "ball":
        brush.ellipse(at((-1, -1), (1, 1)), fill=255)
    elif shape == "fork":
        brush.line(at((-0.8, -1), (-0.8, 0.2), (0.8, 0.2), (0.8, -1)), 255, pen, "curve")
        brush.line(at((0, 0.2), (0, 1)), 255, pen)
    elif shape == "blade":
        brush.polygon(at((-0.38, -1), (0.1, -1), (0.38, -0.5), (0.38, 1), (-0.38, 1)), fill=255)
    elif shape == "cross":
        brush.line(at((-0.9, -0.9), (0.9, 0.9)), 255, pen)
        brush.line(at((-0.9, 0.9), (0.9, -0.9)), 255, pen)
    elif shape == "wedge":
        brush.polygon(at((0, -1), (1, 0.9), (-1, 0.9)), fill=255)
    elif shape == "block":
        brush.rounded_rectangle(at((-0.9, -0.9), (0.9, 0.9)), r / 3, fill=255)
    elif shape == "hook":
        brush.arc(at((-0.9, -0.4), (0.9, 1.1)), 0, 200, 255, pen)
        brush.line(at((0.72, 0.4), (0.72, -1.1)), 255, pen)
    else:
        raise ValueError(f"no shape {shape!r}")


def _add_blood(pixels: Array, random: np.random.Generator) -> None:
    """Up to two translucent pools, which may hide part of a thing."""
    for _ in range(random.integers(0, 3)):
        cx, cy, turn = random.uniform(0.1, 0.9), random.uniform(0.1, 0.9), random.uniform(0, 6)
        x, y = _X - cx, _Y - cy
        around = np.arctan2(y, x)
        wobble = 1 + 0.14 * np.sin(2 * around + turn) + 0.12 * np.sin(5 * around + 2 * turn)
        distance = (x * x + y * y) / (random.uniform(0.04, 0.07) * wobble) ** 2
        _cover(pixels, 0.65 * np.exp(-(distance**2)), _BLOOD)


def _add_glare(pixels: Array, random: np.random.Generator) -> None:
    """Small wet highlights."""
    for row, column in random.integers(0, SIDE - 5, (int(random.integers(3, 9)), 2)):
        pixels[row : row + 5, column : column + 5] += _GLEAM
