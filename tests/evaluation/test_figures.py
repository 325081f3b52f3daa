"""The figures: real pictures, the same each time, that say what they are of."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.evaluation import figures
from paper_repro.evaluation.figures import FIGURES, draw
from paper_repro.evaluation.metrics import evaluate
from tests.evaluation import said
from tests.evaluation.said import one, point

NEAR, FAR = ((20.0, 20.0), (21.0, 20.0)), ((20.0, 20.0), (90.0, 20.0))


def every(drawn=False):
    rows = [
        *said.as_the_paper_draws(150),
        *said.phases([(name, "nasal") for name in PHASES]),
        *said.phases([(name, name) for name in STEPS] + [("dura opening", "?")], said.STEP),
    ]
    return evaluate(rows, drawn=drawn)


def texts(evaluation):
    """What is written in each figure, by its name."""
    from matplotlib.text import Text

    with figures._styled():
        return {
            name: [found.get_text() for found in figure.findobj(Text)]
            for name, figure in figures._figures(evaluation)
        }


@pytest.fixture(scope="module")
def drawn():
    return draw(every())


def test_every_figure_is_a_picture_for_a_stage_and_a_drawing(drawn):
    assert set(drawn) == {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")}
    for name, content in drawn.items():
        if name.endswith(".png"):
            with Image.open(BytesIO(content)) as picture:
                picture.load()
                assert picture.format == "PNG" and min(picture.size) >= 900
                assert len(picture.convert("RGB").resize((200, 200)).getcolors(40_000)) > 20
        else:
            assert ElementTree.fromstring(content).tag.endswith("}svg")
            assert FIGURES[name.removesuffix(".svg")].encode() in content


def test_nothing_is_drawn_up_to_the_edge(drawn):
    for name, content in drawn.items():
        if name.endswith(".png"):
            with Image.open(BytesIO(content)) as picture:
                pixels = np.asarray(picture.convert("L"))
            edges = (pixels[:9], pixels[-9:], pixels[:, :9], pixels[:, -9:])
            assert all((edge == 255).all() for edge in edges), name


def test_the_same_evaluation_gives_the_same_bytes(drawn):
    assert draw(every()) == drawn


def test_every_figure_of_drawn_frames_says_so():
    miniature, other = texts(every(True)), texts(every())
    for name in FIGURES:
        titles = [text for text in miniature[name] if "n = " in text]
        assert titles and all("drawn frames)" in title for title in titles), name
        assert not any("drawn" in text for text in other[name]), name


def test_every_title_counts():
    found = texts(every())
    for name, n in {"confusion_phases": 4, "confusion_steps": 11, "error_map": 150}.items():
        assert any(f"(n = {n})" in text for text in found[name]), name


def test_confusion_says_what_was_not_read():
    found = texts(every())
    steps = found["confusion_steps"]
    assert "not read" in steps and "not read" not in found["confusion_phases"]
    assert "10 of 11 answers right; shade: share of the truth's row" in steps
    assert sum(text == "1" for text in steps) == len(STEPS) + 1


def test_the_map_says_how_many_are_shown_missed_and_too_far():
    rows = said.pointing([NEAR] * 200 + [FAR, (FAR[0], None)])
    rows.append(one(point(5, 5), "<point x='500' y='5'>curette</point>", 300))
    found = " ".join(texts(evaluate(rows))["error_map"])
    assert "120 of 202 are shown" in found
    assert "1 farther than 100; 1 missed" in found


def test_the_distribution_says_the_shares_and_the_best():
    found = texts(every())["error_distribution"]
    share = every().metrics["within_10"].value
    assert f"within 10: {100 * share:.1f} % of points" in found
    assert "best possible median: 8.0" in found
    other = texts(evaluate(said.pointing([NEAR, FAR])))["error_distribution"]
    assert not any("best possible" in text for text in other)


def test_only_what_the_rows_allow_is_drawn():
    assert set(draw(evaluate(said.phases([("nasal", "sellar")])))) == {
        "confusion_phases.svg", "confusion_phases.png",
    }  # fmt: skip
    assert draw(evaluate(said.pointing([(NEAR[0], None)]))) == {}


@pytest.mark.parametrize("digits", ["9" * 4, "9" * 30, "9" * 300])
def test_absurd_answers_are_drawn_without_fuss(digits):
    rows = said.pointing([NEAR, FAR] * 3)
    rows.append(one(point(5, 5), f"<point x='{digits}' y='-{digits}'>curette</point>", 9))
    assert len(draw(evaluate(rows))) == 4


def test_perfect_answers_are_drawn():
    assert len(draw(evaluate(said.pointing([(NEAR[0], NEAR[0])] * 3)))) == 4


def test_svg_needs_no_font_and_no_net(drawn):
    for name, content in drawn.items():
        if name.endswith(".svg"):
            assert b"<text" not in content and b"font-family" not in content
            links = re.findall(rb'(?:href|src)="([^"#][^"]*)"', content)
            assert all(link.startswith(b"data:") for link in links), name
