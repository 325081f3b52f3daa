"""Hours against the size of frames, beside those that the paper prints."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.sweep import SIDES, agreeing, draw, printed_hours, sweep
from paper_repro.judging import Interval
from paper_repro.study import load_study

STUDY = load_study()


@pytest.fixture(scope="module")
def found():
    of = STUDY.variant("stated")
    return {way: sweep(STUDY, of, gpus()["t4"], way) for way in ("notebook", "default")}


def test_the_paper_prints_six_to_eight_hours():
    assert printed_hours(STUDY) == Interval(6, 8)


def test_larger_frames_take_longer_and_the_engine_less(found):
    for each in found.values():
        assert [one.size for one in each] == [(side, side) for side in SIDES]
        lows = [one.hours.low for one in each]
        assert lows == sorted(lows) and lows[0] < lows[-1]
    pairs = zip(found["default"], found["notebook"], strict=True)
    assert all(own.hours.high < theirs.hours.low for own, theirs in pairs)


def test_sizes_agree_whose_interval_meets_the_printed_one(found):
    notebook = found["notebook"]
    assert agreeing(notebook, Interval(0, 1)) == [] and agreeing(notebook, Interval(100, 200)) == []
    end = notebook[-1].hours
    assert agreeing(notebook, Interval(end.high, end.high + 1)) == [notebook[-1]]
    met = agreeing(notebook, Interval(6, 8))
    assert met[0] is notebook[0] and met[-1] is not notebook[-1]


@pytest.mark.parametrize("name", ["hours.svg", "hours.png"])
def test_a_figure_names_ways_card_and_printed_hours(found, tmp_path, name):
    draw(found, Interval(6, 8), tmp_path / name)
    written = (tmp_path / name).read_bytes()
    if name.endswith("png"):
        assert written.startswith(b"\x89PNG")
        return
    words = " ".join(ElementTree.fromstring(written).itertext())
    for wanted in ("printed: 6 – 8 h", "NVIDIA T4", "the card decides", "the package's engine"):
        assert wanted in words
    draw(found, None, tmp_path / "again.svg")
    assert b"printed" not in (tmp_path / "again.svg").read_bytes()
