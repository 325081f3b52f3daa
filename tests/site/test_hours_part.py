"""The page of hours says what the estimate gives, and what it means for the printed hours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from paper_repro.hardware.estimate import estimate
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.sweep import CLAIM, SIDES, agreeing, by_host, printed_hours, sweep, ways
from paper_repro.hardware.words import span
from paper_repro.judging import Interval
from paper_repro.judging.verdict import Verdict
from paper_repro.site.build import INSERT
from paper_repro.site.inserts import hours
from paper_repro.site.inserts.hours import hours_part
from paper_repro.study import load_study
from paper_repro.verify.finding import Stage
from paper_repro.verify.run import verify

ROOT = Path(__file__).parents[2]
STUDY = load_study()
OF = STUDY.variants[0]
T4 = gpus()["t4"]
PRINTED = printed_hours(STUDY)
LEADS = {
    "notebook": "**By the notebook's cells as they are written**",
    "notebook-fp16": "**By the same cells in float16**",
    "default": "**By the package's engine**",
}


@pytest.fixture(scope="module")
def page():
    return hours_part(STUDY)


@pytest.fixture(scope="module")
def found():
    return {way: sweep(STUDY, OF, T4, way) for way in ways(T4)}


def square(one):
    return f"{one.size[0]} × {one.size[1]}"


def paragraph(page, start):
    return next(line for line in page.splitlines() if line.startswith(start))


def elsewhere(monkeypatch, card, study=STUDY):
    monkeypatch.setattr(hours, "gpus", lambda: {OF.settings.card: card})
    return hours_part(study)


def test_every_size_has_a_row_with_what_is_estimated(page, found):
    assert list(found) == list(LEADS)
    for place, side in enumerate(SIDES):
        cells = [span(each[place].hours) for each in found.values()]
        assert f"| {side} × {side} | {' | '.join(cells)} |" in page.splitlines()


@pytest.mark.parametrize("way", LEADS)
def test_each_way_has_its_hours_at_the_sizes_that_the_study_names(page, way):
    said = paragraph(page, LEADS[way])
    for size in OF.settings.image_sizes:
        one = estimate(STUDY, OF, T4, size, way)
        assert f"{span(one.hours)} hours with frames of {square(one)}" in said


@pytest.mark.parametrize("way", LEADS)
def test_it_says_for_which_frames_the_printed_hours_are_possible(page, found, way):
    said, met = paragraph(page, LEADS[way]), agreeing(found[way], PRINTED)
    if met[0] is found[way][0]:
        assert f"possible with square frames up to {square(met[-1])}, and not with larger" in said
    else:
        assert f"possible with square frames from {square(met[0])} on, and not with smaller" in said
    host = by_host(found[way])
    assert ("The host decides" in said) == bool(host)
    assert not host or f"The host decides up to {square(host[-1])} pixels" in said


def test_as_it_is_written_the_notebook_asks_for_what_the_card_emulates(page):
    said = paragraph(page, LEADS["notebook"])
    assert (
        f"no units ({T4.emulated / 1e12:.3g} in place of {T4.sustained / 1e12:.3g} TFLOP/s)" in said
    )


def test_what_that_means_is_said_size_by_size_and_with_the_studys_own_verdict(page):
    said = paragraph(page, "**What that means for “6 – 8 hours”**")
    assert "frames of 224 × 224 the printed hours are possible in either type." in said
    assert (
        "frames of 1280 × 720 the printed hours are out of the notebook's reach in either" in said
    )
    assert "224 × 224 as its data cards say, 1280 × 720 as the PitVQA videos are." in said
    report = verify(STUDY, [Stage.ARITHMETIC])
    claim = next(claim for claim in report.claims if claim.id == CLAIM)
    assert f"[{Verdict(claim.verdict).value}](claims.md#{CLAIM})" in said
    assert all(verdict.value not in page for verdict in Verdict if verdict != claim.verdict)
    assert "nobody here has an NVIDIA T4" in said


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        (Interval(4, 5), "are possible in float16 alone", "out of the notebook's reach in either"),
        (Interval(14, 16), "possible as it is written alone", "possible in float16 alone"),
        (Interval(20, 80), "possible as it is written alone", "are possible in either type"),
    ],
)
def test_other_printed_hours_mean_something_else(monkeypatch, printed, first, last):
    monkeypatch.setattr(hours, "printed_hours", lambda study: printed)
    said = paragraph(hours_part(STUDY), "**What that means").split("With frames of ")
    assert first in said[1] and last in said[2]


def test_hours_that_no_size_takes_are_out_of_reach(monkeypatch):
    monkeypatch.setattr(hours, "printed_hours", lambda study: Interval(500, 600))
    assert hours_part(STUDY).count("The printed hours are out of reach at all sizes below.") == 3
    monkeypatch.setattr(hours, "printed_hours", lambda study: None)
    assert "printed" not in hours_part(STUDY).partition("</figure>")[2]


def test_on_a_card_with_units_for_bfloat16_there_is_one_notebook(monkeypatch):
    page = elsewhere(monkeypatch, replace(T4, emulated=None)).partition("</figure>")[2]
    assert "**By the notebook's cells**, with their own pins, the run" in page
    assert "float16" not in page and "no units" not in page and "either type" not in page


def test_the_figure_is_drawn_into_the_page_and_a_page_takes_it(page):
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    words = " ".join(ElementTree.fromstring(svg).itertext())
    assert "6 – 8 h" in words and "NVIDIA T4" in words and "in float16: 112" in words
    assert INSERT.format("hours") in (ROOT / "docs" / "hours.md").read_text(encoding="utf-8")
