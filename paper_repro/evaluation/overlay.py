"""The points of an answer, drawn on the frame: ``overlay(frame, question, answer)``.

Marks and letters grow with the picture, and each has a light and a dark rim, so that it shows on
any ground. Small frames are enlarged first. Points outside the frame are marked at its edge and
said in the legend. The colours are those of Okabe and Ito, which colour-blind eyes tell apart, and
each point has a number as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from paper_repro.data.points import Point, read_points

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

SMALLEST, LARGEST = 960, 2560
"""Pixels of the longer side: smaller frames are enlarged to the first, larger reduced to the
second."""
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7")
DARK, LIGHT, GREY = "#12161c", "#ffffff", "#aab4c0"
_FINER = 4
"""Marks are drawn this many times larger and reduced, so that their edges are smooth."""


def overlay(frame: Image, question: str, answer: str, note: str = "") -> Image:
    """The frame with the answer's points marked, above a legend.

    Args:
        answer: its points are in percent of the frame's width and height; an answer without points
            stands in the legend as it is.
        note: said small below the legend, such as what kind of frame this is.
    """
    picture = enlarged(frame)
    points = read_points(answer)
    unit = max(picture.size) / 100
    for number, point in enumerate(points, start=1):
        mark = _mark(number if len(points) > 1 else None, _colour(number), unit)
        x, y = _at(point, picture.size)
        picture.paste(mark, (round(x - mark.width / 2), round(y - mark.height / 2)), mark)
    _name_points(picture, points, unit)
    return _above_legend(picture, question, answer, note)


def enlarged(frame: Image) -> Image:
    """A copy in RGB whose longer side is within :data:`SMALLEST` and :data:`LARGEST` pixels."""
    from PIL import Image

    longer = max(frame.size)
    factor = min(max(longer, SMALLEST), LARGEST) / longer
    width, height = (max(1, round(side * factor)) for side in frame.size)
    return frame.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def in_pixels(point: Point, size: tuple[int, int]) -> tuple[int, int]:
    """The pixel, counted from 0 at the top left, of a picture of ``size`` (width, height) that
    holds the point, or the nearest to it."""
    x, y = (
        min(max(int(part / 100 * side), 0), side - 1)
        for part, side in zip((point.x, point.y), size, strict=True)
    )
    return x, y


def described(question: str, answer: str) -> str:
    """The picture in words, for those who cannot see it."""
    points = read_points(answer)
    if not points:
        return f"A frame without marks. Asked: {question} Answer: {answer or 'none'}"
    marks = "; ".join(f"{point.label} at {_place(point)}" for point in points)
    count = "one mark" if len(points) == 1 else f"{len(points)} marks"
    return f"A frame with {count}: {marks}. Asked: {question}"


def save(picture: Image, path: Path, words: str) -> None:
    """Write the picture; a PNG holds its description as well.

    Raises:
        OSError: it cannot be written there.
        ValueError: the name's ending is of no kind of picture.
    """
    from PIL.PngImagePlugin import PngInfo

    if path.suffix.lower() != ".png":
        picture.save(path)
        return
    about = PngInfo()
    about.add_itxt("Description", words)
    picture.save(path, pnginfo=about)


def _colour(number: int) -> str:
    return COLOURS[(number - 1) % len(COLOURS)]


def _place(point: Point) -> str:
    beyond = "" if point.in_frame else ", outside the frame"
    return f"x {point.x:g} %, y {point.y:g} %{beyond}"


def _at(point: Point, size: tuple[int, int]) -> tuple[float, float]:
    """Where a point is drawn, in pixels; from outside the frame, at its edge."""
    width, height = size
    return min(max(point.x, 0), 100) / 100 * width, min(max(point.y, 0), 100) / 100 * height


def _mark(number: int | None, colour: str, unit: float) -> Image:
    """A ring with four ticks and a dot, or a number, in its middle."""
    from PIL import Image, ImageDraw

    fine = unit * _FINER
    half = round(5 * fine)
    mark = Image.new("RGBA", (2 * half, 2 * half), (0, 0, 0, 0))
    draw = ImageDraw.Draw(mark)
    for ink, rim in ((DARK, 0.95 * fine), (LIGHT, 0.65 * fine), (colour, 0.35 * fine)):
        _ring(draw, half, 2.6 * fine, rim, ink)
    if number is None:
        _disc(draw, (half, half), 0.75 * fine, DARK)
        _disc(draw, (half, half), 0.45 * fine, LIGHT)
    small = mark.resize((2 * half // _FINER, 2 * half // _FINER), Image.Resampling.LANCZOS)
    if number is not None:
        middle = (small.width / 2, small.height / 2)
        _write(ImageDraw.Draw(small), middle, str(number), 2.8 * unit, "mm")
    return small


def _ring(draw: ImageDraw, half: int, radius: float, rim: float, ink: str) -> None:
    """A ring around the middle and its ticks; ``rim`` is half the thickness of their lines."""
    box = (half - radius - rim, half - radius - rim, half + radius + rim, half + radius + rim)
    draw.ellipse(box, outline=ink, width=round(2 * rim))
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        ends = [(half + x * reach, half + y * reach) for reach in (radius, 1.4 * radius)]
        (left, top), (right, bottom) = sorted(ends)
        top, bottom = sorted((top, bottom))
        draw.rectangle((left - rim, top - rim, right + rim, bottom + rim), fill=ink)


def _disc(draw: ImageDraw, at: tuple[float, float], radius: float, ink: str) -> None:
    x, y = at
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def _font(size: float) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(max(8, size))


def _write(draw: ImageDraw, at: tuple[float, float], text: str, size: float, anchor: str) -> None:
    """Light letters with a dark rim."""
    rim = max(2, round(size / 7))
    draw.text(at, text, LIGHT, _font(size), anchor=anchor, stroke_width=rim, stroke_fill=DARK)


def _name_points(picture: Image, points: Sequence[Point], unit: float) -> None:
    """Each label beside its mark, on the side where there is room."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(picture)
    size, away = 3.4 * unit, 5.2 * unit
    for point in points:
        x, y = _at(point, picture.size)
        length = draw.textlength(point.label, _font(size)) + unit
        beside = min(max(y, size), picture.height - size)
        if x + away + length <= picture.width:
            _write(draw, (x + away, beside), point.label, size, "lm")
        elif x - away - length >= 0:
            _write(draw, (x - away, beside), point.label, size, "rm")
        else:
            below = y + away if y < picture.height / 2 else y - away
            middle = min(max(x, length / 2), picture.width - length / 2)
            _write(draw, (middle, below), point.label, size, "mm")


def _above_legend(picture: Image, question: str, answer: str, note: str) -> Image:
    """The picture on a sheet with the legend below it."""
    from PIL import Image, ImageDraw

    points = read_points(answer)
    width = max(picture.width, round(0.55 * picture.height), SMALLEST // 2)
    size = width / 32
    line, margin = 1.5 * size, 0.8 * size
    letters = int((width - 2 * margin) / (size * 0.48))
    heading, small = wrap(question, letters), wrap(note, int(letters * 1.25))
    said = [] if points else wrap(answer or "The answer is empty.", letters)[:6]
    lines = len(heading) + len(points) + len(said) + 0.8 * len(small)
    sheet = Image.new("RGB", (width, picture.height + round(2 * margin + line * lines)), DARK)
    sheet.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(sheet)
    y = picture.height + margin + line / 2
    for text, ink in [(text, LIGHT) for text in heading] + [(text, COLOURS[1]) for text in said]:
        draw.text((margin, y), text, ink, _font(size), anchor="lm")
        y += line
    for number, point in enumerate(points, start=1):
        _disc(draw, (margin + size / 2, y), size / 2, _colour(number))
        if len(points) > 1:
            draw.text((margin + size / 2, y), str(number), DARK, _font(0.8 * size), anchor="mm")
        words = f"{point.label}: {_place(point)}"
        draw.text((margin + 1.6 * size, y), words, LIGHT, _font(size), anchor="lm")
        y += line
    for text in small:
        draw.text((margin, y), text, GREY, _font(0.8 * size), anchor="lm")
        y += 0.8 * line
    return sheet
