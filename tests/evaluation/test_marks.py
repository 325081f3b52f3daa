"""Answers beside the truth: what is read, how points are paired, which rows cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

from paper_repro.data.points import Point
from paper_repro.evaluation.marks import OTHER, PHASE, POINTING, STEP, UNREAD, kind_of, marks, pair
from tests.evaluation import said
from tests.evaluation.said import one, point

TWO = point(10, 20) + " " + point(80, 30, "suction device")


def points(*places):
    return [Point(x, y, label) for x, y, label in places]


def test_points_are_paired_by_label_and_what_is_left_by_order():
    truth = points((1, 1, "curette"), (2, 2, "drill"), (3, 3, "Suction_Device"))
    found = points((9, 9, "suction device"), (8, 8, "needle"), (7, 7, "curette"))
    made, by_label = pair(truth, found)
    assert [one.x for one in made] == [7, 8, 9] and by_label == 2


def test_equal_labels_are_taken_in_order_and_each_answer_once():
    truth = points((1, 1, "curette"), (2, 2, "curette"), (3, 3, "curette"))
    found = points((5, 5, "curette"), (6, 6, "curette"))
    made, by_label = pair(truth, found)
    assert [one and one.x for one in made] == [5, 6, None] and by_label == 2


def test_a_single_answered_point_is_compared_whatever_its_label():
    made, by_label = pair(points((1, 1, "curette")), points((2, 2, "thing")))
    assert made[0].x == 2 and by_label == 0


def test_rows_of_several_points():
    found = marks(
        [
            one(TWO, point(81, 31, "suction device") + point(11, 21), 0),
            one(TWO, point(12, 22), 1),
            one(point(50, 50), point(50, 51) + point(1, 1) + point(2, 2, "other"), 2),
            one(TWO, "nothing to see", 3),
        ]
    ).points
    assert found.rows.tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert found.asked.tolist() == [0, 1, 2, 3]
    assert found.parsed.tolist() == [True, True, True, False]
    assert found.found[:3].tolist() == [[11, 21], [81, 31], [12, 22]]
    assert np.isnan(found.found[[3, 5, 6]]).all()
    assert (found.by_label, found.by_order, found.missed, found.extra) == (4, 0, 3, 2)


def test_a_point_outside_is_counted_as_written():
    found = marks([one(point(50, 50), "<point x='-3' y='120'>curette</point>")]).points
    assert found.found.tolist() == [[-3, 120]] and found.outside == 1


@pytest.mark.parametrize(
    "answer", ["", "45, 68", "<point x='45.2'>curette</point>", "<point x='45' y='6", "null"]
)
def test_what_cannot_be_read_is_no_point(answer):
    found = marks([one(point(45, 68), answer)]).points
    assert found.parsed.tolist() == [False] and found.missed == 1


def test_a_number_too_long_for_a_number_is_not_read():
    found = marks([one(point(45, 68), f"<point x='{'9' * 400}' y='1'>curette</point>")]).points
    assert found.parsed.tolist() == [False] and np.isnan(found.found).all()


@pytest.mark.parametrize(
    ("task", "answer", "kind"),
    [
        (PHASE, "sellar", PHASE),
        (STEP, "dura opening", STEP),
        ("instrument_pointing", point(1, 2), POINTING),
        ("multi_point", TWO, POINTING),
        ("temporal_tracking", point(1, 2), POINTING),
        ("temporal_tracking", "it moves left", OTHER),
        ("", point(1, 2), POINTING),
        ("unknown", "sellar floor removal", STEP),
        ("unknown", "sellar", PHASE),
        ("", "Tumor_Removal", PHASE),
        ("", "yes", OTHER),
        ("counting", "sellar", OTHER),
    ],
)
def test_what_a_row_asks_for(task, answer, kind):
    assert kind_of(one(answer, "", task=task)) == kind


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("sellar", 1), ("Sellar.", 1), ("This is the sellar phase", 1), ("tumor removal", 2),
        ("TUMOR_REMOVAL", 2), ("sellar or nasal", UNREAD), ("parasellar", UNREAD), ("", UNREAD),
        ("septal dissection", UNREAD),
    ],
)  # fmt: skip
def test_which_label_an_answer_names(answer, read):
    found = marks(said.phases([("nasal", answer)])).classes[PHASE]
    assert found.truth.tolist() == [0] and found.found.tolist() == [read]


def test_rows_whose_truth_cannot_be_told_are_listed():
    found = marks(
        [
            one("sellar", "sellar", 4, PHASE),
            one("sellar or nasal", "sellar", 5, PHASE),
            one("no idea", "sellar", 6, STEP),
            one("over there", point(1, 1), 7, "anatomy_pointing"),
        ]
    )
    assert [row for row, _ in found.unscorable] == [5, 6, 7]
    assert "names 2 of its labels" in found.unscorable[0][1]
    assert "names 0 of its labels" in found.unscorable[1][1]
    assert "no point" in found.unscorable[2][1]
    assert len(found.classes[PHASE].rows) == 1 and STEP not in found.classes


def test_other_answers_are_compared_word_for_word():
    found = marks([one("Yes, two", "yes,  two "), one("no", "No."), one("a", "b")])
    assert found.others_right.tolist() == [True, False, False]
