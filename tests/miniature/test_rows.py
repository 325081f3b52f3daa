"""Drawn rows have the paper's format to the letter, and their splits share nothing."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

import pytest

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.points import Point, quadrant, read_points
from paper_repro.data.problems import check, usable_rows
from paper_repro.data.source import load_rows
from paper_repro.miniature.rows import ASKED, FRAMES_PER_STEP, VIDEOS, _video, drawn_rows
from paper_repro.miniature.things import INSTRUMENTS, NAMED, STEPS_OF


@cache
def drawn(level: int):
    return drawn_rows(level)


@cache
def checked(level: int):
    splits = load_rows(drawn(level), name="drawn frames")
    return splits, check(splits)


@pytest.mark.parametrize("level", [1, 2])
def test_nothing_is_wrong_with_any_row_and_no_frame_stands_on_both_sides(level):
    splits, report = checked(level)
    for split, videos in VIDEOS.items():
        rows = usable_rows(splits, report, split)
        assert len(rows) == len(drawn(level)[split]) == len(videos) * 10 * FRAMES_PER_STEP * 2
    found = report.to_dict()
    assert not any(found["left_out"].values()), found["left_out"]
    assert not any(found["leaks"].values()), found["leaks"]


@pytest.mark.parametrize("level", [1, 2])
def test_videos_are_not_shared_and_run_through_all_steps(level):
    train, validation = (set(drawn(level)[split]["video_id"]) for split in VIDEOS)
    assert not train & validation
    first = drawn(level)["train"].select(range(40))
    assert set(first["video_id"]) == {"drawn_00"}
    assert list(first["frame_index"]) == sorted(first["frame_index"])
    assert max(first["frame_index"]) == 10 * FRAMES_PER_STEP - 1
    assert [2 * second for second in first["timestamp"]] == list(first["frame_index"])


def test_steps_follow_one_another_as_in_an_operation():
    rows = drawn(1)["train"].remove_columns("image").select(range(10 * FRAMES_PER_STEP * 2))
    said = [json.loads(row["messages"])[1]["content"].replace(" ", "_") for row in rows]
    in_order = [(phase, step) for phase, steps in STEPS_OF.items() for step, _ in steps]
    assert list(zip(said[::2], said[1::2], strict=True)) == [
        labels for labels in in_order for _ in range(FRAMES_PER_STEP)
    ]
    assert [step for _, step in in_order] == list(STEPS)


def test_level_1_asks_for_phase_and_step_in_json_text():
    rows = drawn(1)["train"]
    found = Counter()
    for row in rows.remove_columns("image").select(range(400)):
        question, answer = json.loads(row["messages"])
        assert (question["role"], answer["role"]) == ("user", "assistant")
        assert question["content"].startswith("<image>\n")
        found[row["task_type"], answer["content"].replace(" ", "_")] += 1
    phases = {label for task, label in found if task == "phase_classification"}
    steps = {label for task, label in found if task == "step_classification"}
    assert phases == set(PHASES) and steps == set(STEPS)
    assert set(STEPS_OF) == set(PHASES)


def test_level_2_asks_for_named_things_in_lists_with_metadata():
    rows = drawn(2)["train"]
    names = Counter()
    several = 0
    for row in rows.remove_columns("image").select(range(400)):
        question, answer = row["messages"]
        points = read_points(answer["content"])
        places = [question["content"].index(point.label) for point in points]
        assert places == sorted(places)
        names.update(point.label for point in points)
        if len(points) == 1:
            place = row["metadata"]["coordinates"]
            assert (place["x"], place["y"]) == (points[0].x, points[0].y)
            assert row["metadata"]["label"] == points[0].label
        else:
            several += 1
            assert row["metadata"]["type"] == "multi_point"
    assert names.keys() == NAMED.keys() and several > 10


def test_metadata_says_what_each_thing_is_and_where():
    for row in drawn(2)["train"].remove_columns("image").select(range(400)):
        points, told = read_points(row["messages"][1]["content"]), row["metadata"]
        instruments = sum(point.label in INSTRUMENTS for point in points)
        if len(points) == 2:
            assert (told["num_instruments"], told["num_anatomy"]) == (instruments, 2 - instruments)
        else:
            assert told["category"] == ("instruments" if instruments else "anatomy")
            assert told["quadrant"] == quadrant(Point(points[0].x, points[0].y, ""))


def test_a_frame_is_asked_about_different_things_in_every_form_and_one_in_five_about_two():
    rows = drawn(2)["train"].remove_columns("image")
    asked = [[said["content"] for said in row] for row in rows["messages"]]
    found = [[point.label for point in read_points(answer)] for _, answer in asked]
    assert all(not {*one} & {*other} for one, other in zip(found[::2], found[1::2], strict=True))
    assert 0.15 < sum(len(labels) == 2 for labels in found) / (len(found) / 2) < 0.25
    forms = {
        question.removeprefix("<image>\n").replace(labels[0], "{}")
        for (question, _), labels in zip(asked, found, strict=True)
        if len(labels) == 1
    }
    assert forms == set(ASKED)


def test_every_split_is_drawn_with_the_seed_that_is_given(monkeypatch):
    monkeypatch.setitem(VIDEOS, "train", range(1))
    monkeypatch.setitem(VIDEOS, "validation", range(60, 61))
    one, other = drawn_rows(2, 0), drawn_rows(2, 1)
    assert all(one[split]["messages"] != other[split]["messages"] for split in VIDEOS)


def test_another_seed_draws_other_rows():
    one, other = next(_video(2, 0, 0)), next(_video(2, 1, 0))
    assert one["messages"] != other["messages"] and one["image"] != other["image"]
