"""The drawn points: where they are, that they show, and what is said in words."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from paper_repro.data.points import Point, write_point
from paper_repro.evaluation.overlay import (
    LARGEST,
    SMALLEST,
    described,
    enlarged,
    in_pixels,
    overlay,
    save,
)

ASKED = "Point to the curette."


def answer(*points: tuple[float, float]) -> str:
    return "".join(write_point(Point(x, y, "curette")) for x, y in points)


def drawn(frame: Image.Image, said: str) -> np.ndarray:
    """How much every pixel of the frame's part of the sheet was changed."""
    sheet, plain = overlay(frame, ASKED, said), enlarged(frame)
    left = (sheet.width - plain.width) // 2
    shown = sheet.crop((left, 0, left + plain.width, plain.height))
    return np.abs(np.asarray(shown, int) - np.asarray(plain, int)).max(axis=2)


@pytest.mark.parametrize("size", [(112, 112), (1280, 720), (300, 900)], ids=str)
@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("place", [(30.0, 70.0), (85.0, 10.0)], ids=str)
def test_the_mark_is_where_the_point_is_and_shows_on_any_ground(size, ground, place):
    change = drawn(Image.new("RGB", size, (ground,) * 3), answer(place))
    height, width = change.shape
    column, row = (
        round(part / 100 * side) for part, side in zip(place, (width, height), strict=True)
    )
    reach = round(0.045 * max(width, height))
    window = change[row - reach : row + reach, column - reach : column + reach]
    strong = np.argwhere(window > 60)
    assert len(strong) > 0.2 * window.size
    assert np.abs(strong.mean(axis=0) - reach).max() < 2.5
    far = change.copy()
    far[max(0, row - 2 * reach) : row + 2 * reach] = 0
    assert not far.any()


def test_a_point_outside_is_marked_at_the_edge_and_said():
    frame = Image.new("RGB", (200, 200))
    said = answer((50.0, 140.0))
    change = drawn(frame, said)
    assert change[-1].any() and not change[: change.shape[0] // 2].any()
    assert "outside the frame" in described(ASKED, said)


def test_an_answer_without_points_draws_no_mark():
    frame = Image.new("RGB", (200, 200), (90, 60, 50))
    assert not drawn(frame, "tumor_removal").any()
    assert "tumor_removal" in described(ASKED, "tumor_removal")


@pytest.mark.parametrize(
    ("before", "after"),
    [((112, 56), (SMALLEST, SMALLEST // 2)), ((1280, 720), (1280, 720)),
     ((5120, 2560), (LARGEST, LARGEST // 2))],
)  # fmt: skip
def test_frames_are_brought_to_a_legible_size(before, after):
    assert enlarged(Image.new("L", before)).size == after


def test_points_in_pixels():
    size = (200, 100)
    places = [(0, 0), (50, 50), (25.4, 25.9), (99.9, 99.9), (100, 100), (-5, 130)]
    found = [in_pixels(Point(x, y, ""), size) for x, y in places]
    assert found == [(0, 0), (100, 50), (50, 25), (199, 99), (199, 99), (0, 99)]


def test_long_words_and_thin_frames_still_fit():
    many = answer(*[(float(x), 50.0) for x in range(0, 100, 7)])
    for size in [(1000, 5), (5, 1000), (112, 112)]:
        sheet = overlay(Image.new("RGB", size), "Why? " * 80, many, "A note. " * 20)
        assert min(sheet.size) >= SMALLEST // 2 and max(sheet.size) < 4 * LARGEST


def test_the_saved_picture_holds_its_description(tmp_path):
    said = answer((50.9, 84.2))
    words = described(ASKED, said)
    save(overlay(Image.new("RGB", (112, 112)), ASKED, said), tmp_path / "o.png", words)
    with Image.open(tmp_path / "o.png") as again:
        assert again.info["Description"] == words
    assert words == (
        "A frame with one mark: curette at x 50.9 %, y 84.2 %. Asked: Point to the curette."
    )
    save(overlay(Image.new("RGB", (112, 112)), ASKED, said), tmp_path / "o.jpg", words)
    with Image.open(tmp_path / "o.jpg") as again:
        assert again.size[0] == SMALLEST
