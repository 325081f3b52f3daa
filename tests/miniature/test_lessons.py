"""What the base is taught: true answers, and never what a surgeon's word looks like."""

from __future__ import annotations

from collections import Counter

import pytest

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.points import Point, quadrant, read_points
from paper_repro.miniature import rows
from paper_repro.miniature.lessons import PER_FRAME, POINTING, SHARES, lesson
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
    other = [lesson(1, index) for index in range(40)]
    assert all(one.scene != another.scene for one, another in zip(MADE, other, strict=False))
    assert [one.kind for one in other] != [one.kind for one in MADE[:40]]


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
        places_asked = [one.question.index(point.label) for point in points]
        assert places_asked == sorted(places_asked)


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


def test_any_thing_of_a_frame_is_asked_for_in_every_form():
    asked = [one for one in MADE if one.kind == "point"]
    forms = {one.question.replace(read_points(one.answer)[0].label, "{}") for one in asked}
    assert forms == set(POINTING)
    places = Counter()
    for one in asked:
        words = [each.thing.words for each in one.scene.placed]
        places[len(words), words.index(read_points(one.answer)[0].label)] += 1
    assert {place for count, place in places if count == 4} == {0, 1, 2, 3}


def test_half_of_all_things_have_a_shaft():
    shafts = [each.shaft for one in MADE[::PER_FRAME] for each in one.scene.placed]
    assert 0.4 < sum(shafts) / len(shafts) < 0.6


def test_up_to_three_words_are_copied():
    words = [one.answer for one in MADE if one.kind == "repeat"]
    assert max(len(said.split()) for said in words) >= 4


def test_a_row_has_the_seed_the_number_and_the_points_of_its_lesson():
    lessons = Lessons(40, seed=3)
    for index, row in enumerate(lessons):
        one = lesson(3, index)
        assert (row.number, row.question, row.answer) == (index, one.question, one.answer)
        assert row.points == read_points(one.answer)


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
    assert set(held_out["validation"]["task_type"]) == SHARES.keys() - {"point", "two points"} | {
        "pointing"
    }


def test_a_held_out_lesson_is_the_one_of_its_seed_and_number(monkeypatch):
    monkeypatch.setattr(rows, "_HELD_OUT_LESSONS", _HELD_OUT_LESSONS[:1])
    (row,) = drawn_rows(0, seed=1)["validation"]
    one = lesson(1, _HELD_OUT_LESSONS.start)
    assert [said["content"] for said in row["messages"]] == [f"<image>\n{one.question}", one.answer]
