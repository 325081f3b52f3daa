"""The page of hours says what the estimate gives."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.sweep import SIDES, sweep
from paper_repro.site.hours import WAYS, hours_part
from paper_repro.study import load_study

STUDY = load_study()


@pytest.fixture(scope="module")
def page():
    return hours_part(STUDY)


def test_every_size_has_a_row_with_what_is_estimated(page):
    of = STUDY.variants[0]
    found = {way: sweep(STUDY, of, gpus()["t4"], way) for way in WAYS}
    for place, side in enumerate(SIDES):
        row = next(line for line in page.splitlines() if line.startswith(f"| {side} × {side} |"))
        for each in found.values():
            low, high = (float(end) for end in (each[place].hours.low, each[place].hours.high))
            assert f"| {low:.2g} – {high:.2g} |" in row and each[place].seconds.bound_by in row


def test_it_says_who_decides_and_for_which_frames_the_printed_hours_are_possible(page):
    assert "the host decides up to 560 × 560 pixels" in page
    assert "possible from 112 × 112 to 896 × 896, and not with larger frames." in page
    assert "Nobody here has an NVIDIA T4" in page


def test_the_figure_is_drawn_into_the_page(page):
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    words = " ".join(ElementTree.fromstring(svg).itertext())
    assert "printed: 6 – 8 h" in words and "NVIDIA T4" in words
