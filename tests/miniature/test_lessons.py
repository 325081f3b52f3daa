"""What the base is taught: true answers, and never what a surgeon's word looks like."""

from __future__ import annotations

from collections import Counter

import pytest

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.points import Point, quadrant, read_points
from paper_repro.miniature.lessons import PER_FRAME, SHARES, lesson
from paper_repro.miniature.rows import _HELD_OUT_LESSONS, Lessons, drawn_rows
from paper_repro.miniature.things import NAMED

MADE = [lesson(0, index) for index in range(1200)]
SURGICAL = {*NAMED, *(name.replace("_", " ") for name in (*PHASES, *STEPS))}


def where(one, words: str) -> str:
    placed = next(each for each in one.scene.placed if each.thing.words == words)
    return quadrant(Point(placed.x, placed.y, ""))


def test_every_kind_is_given_about_as_often_as_it_says():
    found = Counter(one.kind for one in MADE)
    assert sum(SHARES.values()) == pytest.approx(1)
    assert found.keys() == SHARES.keys()
    assert all(abs(found[kind] / len(MADE) - share) < 0.05 for kind, share in SHARES.items())


def test_a_lesson_is_a_function_of_seed_and_number():
    assert [lesson(0, index) for index in range(40)] == MADE[:40]
    assert lesson(1, 0) != lesson(0, 0)


def test_some_lessons_that_follow_one_another_are_about_one_frame():
    for start in range(0, 40, PER_FRAME):
        assert len({MADE[start + place].scene for place in range(PER_FRAME)}) == 1
    assert len({one.scene for one in MADE}) == len(MADE) // PER_FRAME


def test_the_words_of_surgery_are_only_ever_copied():
    for one in MADE:
        said = f"{one.question}\n{one.answer}"
        if any(word in said for word in SURGICAL):
            assert one.kind == "repeat" and one.question == f"Repeat: {one.answer}", one
    assert any(one.answer in SURGICAL for one in MADE)


def test_points_lie_where_the_thing_that_is_asked_for_lies():
    asked = [one for one in MADE if "point" in one.kind]
    assert len(asked) > 300
    for one in asked:
        places = {each.thing.words: (each.x, each.y) for each in one.scene.placed}
        points = read_points(one.answer)
        assert points and all((p.x, p.y) == places[p.label] for p in points)
        assert all(point.label in one.question for point in points)


def test_corners_names_and_lists_are_true():
    for one in MADE:
        if one.kind == "corner":
            words = one.question.removeprefix("In which corner is the ").rstrip("?")
            assert one.answer == where(one, words)
        elif one.kind == "corners":
            things = one.question.removeprefix("In which corner is each: ").rstrip("?").split(", ")
            assert one.answer == ", ".join(f"{words} {where(one, words)}" for words in things)
            assert len(things) == len(one.scene.placed)
        elif one.kind == "name":
            assert where(one, one.answer) in one.question
        elif one.kind == "see":
            order = ("top left", "top right", "bottom left", "bottom right")
            places = [order.index(where(one, words)) for words in one.answer.split(", ")]
            assert places == sorted(places) and len(places) == len(one.scene.placed)
        elif one.kind == "tissue":
            assert one.answer == one.scene.look.tissue
        elif one.kind == "pattern":
            assert one.answer == one.scene.look.pattern


def test_frames_hold_one_two_or_four_things():
    assert {len(one.scene.placed) for one in MADE} == {1, 2, 4}


def test_lessons_are_drawn_on_access_and_the_held_out_ones_are_never_reached():
    lessons = Lessons(10**6, 0)
    assert len(lessons) == 10**6 < _HELD_OUT_LESSONS.start
    row = lessons[7]
    assert (row.question, row.answer) == (MADE[7].question, MADE[7].answer)
    assert lessons[4].frames[0] is lessons[5].frames[0]
    for index in (-1, 10**6):
        with pytest.raises(IndexError):
            lessons[index]


def test_held_out_lessons_are_rows_of_the_papers_format():
    held_out = drawn_rows(0)
    assert list(held_out) == ["validation"] and len(held_out["validation"]) == 400
    assert "pointing" in set(held_out["validation"]["task_type"])
