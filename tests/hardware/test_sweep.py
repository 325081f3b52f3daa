"""Hours against the size of frames, beside those that the paper prints."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.sweep import (
    LOOKS,
    SIDES,
    agreeing,
    by_host,
    draw,
    printed_hours,
    sides,
    sweep,
    ways,
)
from paper_repro.hardware.ways import WAYS
from paper_repro.judging import Interval
from paper_repro.study import load_study

STUDY = load_study()
T4, A100 = gpus()["t4"], gpus()["a100"]
PRINTED = Interval(6, 8)


def swept(card):
    return {way: sweep(STUDY, STUDY.variant("stated"), card, way) for way in ways(card)}


@pytest.fixture(scope="module")
def found():
    return swept(T4)


def drawn(found, printed, path):
    draw(found, printed, path)
    return " ".join(ElementTree.fromstring(path.read_bytes()).itertext())


def test_the_paper_prints_six_to_eight_hours():
    assert printed_hours(STUDY) == PRINTED


def test_float16_is_a_way_of_its_own_where_bfloat16_is_emulated():
    assert ways(T4) == ["notebook", "notebook-fp16", "default"]
    assert ways(A100) == ["notebook", "default"]
    assert ways(replace(A100, emulated=1e12)) == ways(T4)
    assert set(ways(T4)) <= WAYS.keys() and LOOKS.keys() == WAYS.keys()


def test_larger_frames_take_longer_and_the_engine_less(found):
    for each in found.values():
        assert [one.size for one in each] == [(side, side) for side in SIDES]
        lows = [one.hours.low for one in each]
        assert lows == sorted(lows) and lows[0] < lows[-1]
    for own, half, theirs in zip(*(found[way] for way in reversed(ways(T4))), strict=True):
        assert own.hours.high < half.hours.high < theirs.hours.high
        assert own.hours.low < half.hours.low <= theirs.hours.low


def test_sizes_agree_whose_interval_meets_the_printed_one(found):
    notebook = found["notebook"]
    assert agreeing(notebook, Interval(0, 1)) == [] == agreeing(notebook, Interval(500, 600))
    end = notebook[-1].hours
    assert agreeing(notebook, Interval(end.high, end.high + 1)) == [notebook[-1]]
    assert agreeing(notebook, Interval(end.high + Fraction(1, 99), end.high + 1)) == []


def test_in_bfloat16_only_small_frames_agree_and_larger_ones_in_float16(found):
    written, half = (agreeing(found[way], PRINTED) for way in ("notebook", "notebook-fp16"))
    assert written[0].size == half[0].size == (SIDES[0], SIDES[0])
    assert (224, 224) in [one.size for one in written]
    assert written[-1].size[0] < half[-1].size[0] < SIDES[-1]


def test_the_host_decides_for_small_frames(found):
    host = by_host(found["notebook-fp16"])
    assert host == found["notebook-fp16"][: len(host)] and by_host(found["default"]) == []
    assert {one.seconds.bound_by for one in host} == {"launches"}
    assert len(by_host(found["notebook"])) < len(host) < len(SIDES)


def test_sides_are_the_smallest_and_the_largest(found):
    notebook = found["notebook"]
    assert sides(notebook) == f"{SIDES[0]} – {SIDES[-1]}"
    assert sides(notebook[1:2]) == str(SIDES[1]) and sides([]) == "none"


def test_a_figure_says_for_every_way_where_the_two_agree(found, tmp_path):
    words = drawn(found, PRINTED, tmp_path / "hours.svg")
    assert "6 – 8 h possible at" in words and "6 – 8 h" in words and "NVIDIA T4" in words
    for way, name in (
        ("notebook", "the notebook's cells, in bfloat16"),
        ("notebook-fp16", "the notebook's cells, in float16"),
        ("default", "the package's engine"),
    ):
        assert f"{name}: {sides(agreeing(found[way], PRINTED))}" in words
    assert ": none" in drawn(found, Interval(500, 600), tmp_path / "none.svg")


def test_without_printed_hours_none_are_drawn_and_elsewhere_no_type_is_named(found, tmp_path):
    words = drawn(found, None, tmp_path / "hours.svg")
    assert "the notebook's cells, in float16" in words
    assert "printed" not in words and "possible" not in words
    words = drawn(swept(A100), PRINTED, tmp_path / "a100.svg")
    assert "the notebook's cells:" in words and "float16" not in words


def test_only_what_lies_upon_another_is_dashed(found, tmp_path):
    """The outline of the notebook's cells in float16, and its place in the legend."""
    dashed = {}
    for way, each in found.items():
        draw({way: each}, PRINTED, tmp_path / "one.svg")
        dashed[way] = (tmp_path / "one.svg").read_text().count("stroke-dasharray")
    assert dashed == {"notebook": 0, "notebook-fp16": 2, "default": 0}


def test_a_figure_may_be_a_png(found, tmp_path):
    draw(found, PRINTED, tmp_path / "hours.png")
    assert (tmp_path / "hours.png").read_bytes().startswith(b"\x89PNG")
