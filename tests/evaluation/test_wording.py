"""What is said with the figures, and what is not said where it does not hold."""

from __future__ import annotations

import pytest

from paper_repro.evaluation.metrics import evaluate
from paper_repro.evaluation.results import TITLES
from paper_repro.evaluation.wording import HEADINGS, About, cells, counted, notes, title, value
from tests.evaluation import said
from tests.evaluation.said import one, point

ABOUT = About("run", "validation")
NEAR, FAR = ((20.0, 20.0), (21.0, 20.0)), ((20.0, 20.0), (90.0, 20.0))


def noted(rows, about=ABOUT, **options):
    return " ".join(notes(evaluate(rows, **options), about))


def test_the_title_counts_rows_and_says_drawn_frames():
    rows = said.pointing([NEAR])
    assert title(evaluate(rows), ABOUT) == "run, validation: 1 row"
    assert title(evaluate(rows * 2, drawn=True), About("run", "")) == "run: 2 rows (drawn frames)"


def test_the_table_has_a_row_a_metric_and_a_cell_a_heading():
    rows = [*said.pointing([NEAR, FAR] * 600), *said.phases([("nasal", "nasal")])]
    table = {row[0]: row[1:] for row in cells(evaluate(rows))}
    assert all(len(row) + 1 == len(HEADINGS) for row in table.values())
    assert table["quadrant accuracy"][0] == "50.0 %" and table["quadrant accuracy"][2] == "1,200"
    assert table["mean |error| in x"][0] == "35.5" and table["phase macro F1"][0] == "1.000"
    assert table["points that parse"][0] == table["classes that parse"][0] == "100.0 %"
    assert "points that parse" not in {row[0] for row in cells(evaluate(said.pointing([NEAR])))}


def test_the_table_fits_into_eighty_columns():
    """Titles, the longest interval, n of the paper's size, and five gaps of three."""
    interval = len("89.9 – 100.0 %")
    assert max(map(len, TITLES.values())) + len("100.0 %") * 3 + interval + len("10,139") + 15 <= 80


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("mae_x", 12.14, "12.1"), ("mae_x", 8e298, "8.0e+298"), ("step_macro_f1", 0.5, "0.500"),
        ("within_10", 0.8032, "80.3 %"),
    ],
)  # fmt: skip
def test_values(name, number, text):
    assert value(name, number) == text


def test_drawn_frames_are_said_first_and_no_noise_is_spoken_of():
    rows = said.as_the_paper_draws(60)
    first = notes(evaluate(rows, drawn=True), ABOUT)[0]
    assert first.startswith("Drawn frames: these figures are of frames that this package drew")
    assert "Best" not in noted(rows, drawn=True) and "noise floor" not in noted(rows, drawn=True)
    assert "Drawn" not in noted(rows)


def test_remarks_of_the_run_are_kept():
    assert "A leak." in noted(said.pointing([NEAR]), About("run", "", None, ("A leak.",)))


def test_the_model_that_was_asked_is_named():
    model = {"base": "org/base", "base_revision": "f00d", "adapter": "run/adapter"}
    model |= {"adapter_revision": None, "precision": "float16", "device": "cuda"}
    rows = said.pointing([NEAR])
    found = noted(rows, About("run", "", model))
    assert "Asked: run/adapter on org/base at f00d, in float16 on cuda" in found
    bare = noted(rows, About("run", "", model | {"adapter": None}))
    assert "Asked: the bare base org/base at f00d, in float16" in bare
    assert "Asked" not in noted(rows)


def test_the_floor_or_why_there_is_none():
    assert "100.0 % of the points of the truth lie within ±10" in noted(said.as_the_paper_draws(60))
    anywhere = said.pointing([((5.0 * x, 50.0), (1.0, 1.0)) for x in range(20)])
    assert "does not lie as the paper's script draws it" in noted(anywhere)
    assert "9 points cannot tell whether" in noted(anywhere[:9])
    assert "quadrant accuracy at most 85.0 %" in noted(anywhere)
    assert "noise" not in noted(said.phases([("nasal", "nasal")]))


def test_how_the_intervals_are_made():
    rows = [NEAR, FAR] * 30
    videos = [f"v{row // 2}" for row in range(60)]
    assert "No row names its video" in noted(said.pointing(rows))
    assert "All rows are of one video" in noted(said.pointing(rows, ["v1"] * 60))
    many = noted(said.pointing(rows, videos))
    assert "bootstrap over 30 videos (4,000 resamples, seed 0)" in many
    assert "which is few" in noted(said.pointing(rows[:8], videos[:8]))
    assert "1 row without a video count as one each" in noted(
        said.pointing(rows, [None, *videos[1:]])
    )


def test_metrics_of_fewer_videos_say_so():
    rows = said.pointing([NEAR, FAR] * 30, [f"v{row // 2}" for row in range(60)])
    classes = [
        one("nasal", "nasal", row, said.PHASE, video=f"v{row % 3}") for row in range(100, 112)
    ]
    steps = [one("hemostasis", "?", row, said.STEP, video="v7") for row in (200, 201)]
    found = noted([*rows, *classes, *steps])
    assert "bootstrap over 3 to 30 videos, which is few" in found
    assert "of one video only, so by row and too narrow: step accuracy, step macro F1." in found


def test_an_interval_without_width_is_spoken_of():
    assert "without width" in noted(said.phases([("nasal", "nasal"), ("sellar", "sellar")]))
    assert "without width" not in noted(said.as_the_paper_draws(60))


def test_what_cannot_be_read_is_said():
    read, unread = said.pointing([NEAR, FAR]), said.pointing([NEAR, (FAR[0], None)])
    assert "cannot be read" not in noted(read) and "left out of errors" not in noted(read)
    assert "cannot be read is wrong" in noted(unread) and "left out of errors" in noted(unread)
    none = noted(said.pointing([(NEAR[0], None)]))
    assert "no errors and distances" in none and "left out of errors" not in none
    classes = noted(said.phases([("nasal", "nasal"), ("nasal", "?")]))
    assert "cannot be read is wrong" in classes and "distances" not in classes


def test_pairs_are_counted_where_they_are_not_one_to_one():
    two = point(10, 10) + point(90, 90, "drill")
    found = noted([one(two, point(11, 10) + point(1, 1, "x") + point(2, 2, "y"))])
    assert "Truth: 2 points in 1 row; 1 paired by label, 1 by order, 0 missed." in found
    assert "1 answered point beyond those of the truth: worth nothing." in found
    assert "Truth:" not in noted(said.pointing([NEAR]))


def test_rows_that_cannot_be_scored_are_listed():
    rows = [
        *said.phases([("nasal", "nasal")]),
        *(one("?", "?", 10 + n, said.PHASE) for n in range(7)),
    ]
    found = noted(rows)
    assert "7 rows (row 10: the task is phase_classification" in found and "; …)" in found


def test_points_outside_the_frame_are_counted():
    rows = [one(point(5, 5), "<point x='-3' y='5'>curette</point>")]
    assert "1 answered point outside the frame, counted as written." in noted(rows)


def test_chance_is_explained():
    rows = [*said.pointing([NEAR, FAR]), *said.phases([("tumor removal", "nasal")])]
    found = noted(rows)
    assert "always the point (20.0, 20.0); always tumor removal." in found


def test_counting():
    assert (counted(1, "row"), counted(0, "row"), counted(1014, "row")) == (
        "1 row", "0 rows", "1,014 rows",
    )  # fmt: skip
