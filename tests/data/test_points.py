"""The paper's answer form is written and read, and a point has one quadrant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.data.points import Point, broken_points, quadrant, read_points, write_point

TENTHS = st.integers(-2000, 2000).map(lambda tenth: tenth / 10)
LABELS = st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"])).map(str.strip)
POINTS = st.builds(Point, TENTHS, TENTHS, LABELS)
BETWEEN = st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"]))


def test_the_papers_own_example() -> None:
    point = Point(45.2, 68.3, "suction device")
    assert write_point(point) == "<point x='45.2' y='68.3'>suction device</point>"
    assert read_points(write_point(point)) == (point,)


@given(st.lists(st.tuples(BETWEEN, POINTS)), BETWEEN)
def test_what_is_written_is_read_wherever_it_stands(parts, end) -> None:
    text = "".join(before + write_point(point) for before, point in parts) + end
    assert read_points(text) == tuple(point for _, point in parts)
    assert broken_points(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        '<point x="45.2" y="68.3">drill</point>',
        "<point  x = '45.2'  y = ' 68.3 ' > drill </point>",
        "a\n- Frame 1 (t=0.5s): <point x='+45.2' y='68.30'>drill</point>, and so on",
    ],
)
def test_other_spellings_are_read(text) -> None:
    assert read_points(text) == (Point(45.2, 68.3, "drill"),)


@pytest.mark.parametrize(
    "text",
    [
        "<point x='45.2' y='68.3'>drill",
        "<point x='45.2'>drill</point>",
        "<point x='nan' y='5'>drill</point>",
        "<point x='inf' y='5'>drill</point>",
        "<point x='1.2.3' y='5'>drill</point>",
        "<point x='45.2\" y='68.3'>drill</point>",
        "<point y='1' x='2'>drill</point>",
        "<point",
    ],
)
def test_what_is_no_point_is_named_as_broken(text) -> None:
    good = write_point(Point(1, 2, "sella"))
    assert read_points(text) == () and broken_points(text) == (text,)
    assert read_points(f"{good}\n{text}\n{good}") == (Point(1, 2, "sella"),) * 2
    assert broken_points(f"{good}\n{text}\n{good}") == (text,)


def test_a_label_that_no_reader_could_end_is_not_written() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        write_point(Point(1, 2, "a</point>"))


@given(POINTS)
def test_every_point_has_one_quadrant_and_mirroring_changes_it(point) -> None:
    rows, columns = quadrant(point).split()
    assert (rows == "top") == (point.y < 50) and (columns == "left") == (point.x < 50)
    if 50 not in (point.x, point.y):
        other = quadrant(Point(100 - point.x, 100 - point.y, point.label)).split()
        assert other[0] != rows and other[1] != columns


def test_the_edges_of_quadrants_and_of_the_frame() -> None:
    assert quadrant(Point(50, 50, "")) == "bottom right"
    assert quadrant(Point(49.9, 50, "")) == "bottom left"
    assert Point(0, 100, "").in_frame and Point(100, 0, "").in_frame
    assert not Point(-0.1, 5, "").in_frame and not Point(5, 100.1, "").in_frame
