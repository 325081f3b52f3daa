"""The page of hours lays the three things called training beside one another."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from paper_repro.hardware.training import three_trainings
from paper_repro.hardware.training_words import (
    beside_the_document,
    of_fine_tuning,
    rows,
    scientific,
)
from paper_repro.site.build import INSERT
from paper_repro.site.inserts.training import training_part
from paper_repro.study import load_study

ROOT = Path(__file__).parent.parent.parent
STUDY = load_study()
FOUND = three_trainings(STUDY, STUDY.variant("stated"))


@pytest.fixture(scope="module")
def page():
    return training_part(STUDY)


def test_a_column_for_each_and_every_row_of_it(page):
    assert "|  | pre-training | full fine-tuning | LoRA |" in page
    shown = unescape(page).replace("\\", "")
    lines = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(rows(FOUND, scientific))
    for name, cells in rows(FOUND, scientific):
        assert f"| {name} | {' | '.join(cells)} |" in lines


def test_all_sentences_and_what_they_rest_on_are_there(page):
    shown = unescape(page).replace("\\", "")
    model = STUDY.base(STUDY.variant("stated")).id
    told = [*beside_the_document(STUDY, model, FOUND), *of_fine_tuning(FOUND)]
    assert len(told) == 4
    for sentence in (*told, *(each.how for each in FOUND), FOUND[0].source):
        assert sentence in shown


def test_the_figure_is_drawn_into_the_page(page):
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    words = " ".join(ElementTree.fromstring(svg).itertext())
    assert "printed: Months with 1000s of GPUs" in words and "LoRA: 4,358,144 weights" in words


def test_a_page_takes_it():
    written = (ROOT / "docs" / "hours.md").read_text(encoding="utf-8")
    assert INSERT.format("training-kinds") in written
