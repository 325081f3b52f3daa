"""Every problem is listed by its row, what the splits share is counted, and nothing is dropped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.data import frames, survey
from paper_repro.data.labels import PHASES, STEPS, named_in
from paper_repro.data.problems import check, usable_rows
from paper_repro.data.source import load_rows
from paper_repro.data.survey import REMARKS
from paper_repro.errors import UserError
from tests.data import paper_rows as paper


@pytest.fixture(scope="module", params=["parquet", "JSON lines"])
def splits(request, tmp_path_factory):
    write = {"parquet": paper.write_parquet, "JSON lines": paper.write_json_lines}[request.param]
    return load_rows(write(paper.with_problems(), tmp_path_factory.mktemp("data") / "rows"))


def test_every_broken_row_is_listed_with_its_number_and_kind(splits) -> None:
    report = check(splits)
    listed = {problem.row: problem.kind for problem in report.problems if problem.left_out}
    assert listed == dict(enumerate(paper.broken(), start=6))
    assert {problem.split for problem in report.problems} == {"train"}
    assert report.left_out == {"train": dict.fromkeys(paper.broken(), 1), "validation": {}}


def test_no_row_is_dropped_silently(splits) -> None:
    report = check(splits)
    for split, count in report.rows.items():
        left_out = {p.row for p in report.problems if p.split == split and p.left_out}
        assert {*report.usable[split]} | left_out == set(range(count))
        assert not {*report.usable[split]} & left_out
        assert sum(report.tasks[split].values()) == len(report.usable[split])


def test_what_the_splits_share_is_counted(splits) -> None:
    report = check(splits)
    leaks = report.to_dict()["leaks"]
    both = {"train": 2, "validation": 3}
    assert [shared.rows for shared in report.shared_frames] == [
        {"train": (0,), "validation": (2,)},
        {"train": (1,), "validation": (3, 4)},
    ]
    assert (leaks["frames"], leaks["rows_with_shared_frames"]) == (2, both)
    assert (leaks["questions"], leaks["rows_with_shared_questions"]) == (2, both)
    assert [shared.what for shared in report.shared_videos] == ["video_01"]
    assert (leaks["videos"], leaks["rows_of_shared_videos"]) == (1, both)
    assert report.repeated == {"train": (), "validation": (4,)}
    assert report.unnamed == {"train": 1, "validation": 1}
    assert report.frames == {"train": 6, "validation": 4}


def test_one_frame_with_another_question_is_a_shared_frame_alone() -> None:
    other = paper.pointing(1, 47.0, 66.0, "ring curette", video=9)
    rows = {"train": [paper.pointing(1, 45, 68)], "validation": [other]}
    report = check(load_rows(paper.as_dataset(rows)))
    assert len(report.shared_frames) == 1 and report.shared_questions == ()
    assert report.shared_videos == ()


def test_rows_that_are_not_used_leak_nothing() -> None:
    broken = paper.pointing(1, 47, 66) | {"messages": "?"}
    rows = {
        "train": [paper.pointing(2, 1, 2), broken],
        "validation": [paper.pointing(1, 3, 4, video=7)],
    }
    report = check(load_rows(paper.as_dataset(rows, text=True)))
    assert report.shared_frames == () and report.shared_videos == ()


def test_usable_rows_are_read_on_demand_with_their_own_numbers(splits) -> None:
    report = check(splits)
    train = usable_rows(splits, report, "train")
    assert [row.number for row in train] == [0, 1, 2, 3, 4, 5] and train[-1].number == 5
    assert [row.task for row in train[2:4]] == ["anatomy_pointing", "multi_point"]
    assert train[0].frames and train[0].split == "train"
    with pytest.raises(IndexError):
        train[6]
    with pytest.raises(UserError, match="no split 'test'"):
        usable_rows(splits, report, "test")


def test_a_picture_is_decoded_once_by_the_check_and_then_only_when_it_is_asked_for(
    monkeypatch,
) -> None:
    decoded, times = frames.decoded, []
    for module in (frames, survey):
        monkeypatch.setattr(module, "decoded", lambda one: times.append(1) or decoded(one))
    same = [paper.pointing(1, 47, 66), paper.pointing(1, 20, 30), paper.pointing(2, 1, 2)]
    loaded = load_rows(paper.as_dataset({"train": same}))
    rows = list(usable_rows(loaded, check(loaded), "train"))
    assert len(times) == 2
    shown = [frames.shown_in(row.frames) for row in rows]
    assert shown[0] == shown[1] != shown[2] and len(times) == 2
    assert [frames.shown_in(tuple(row.frames)) for row in rows] == shown
    assert len(times) == 2 + 3 and len(rows[0].frames[:1]) == 1


def odd_rows() -> dict[str, dict]:
    """Rows that are odd and yet trained on, by what is odd."""
    place, label = paper.pointing(1, 10, 20), paper.pointing(2, 10, 20)
    place["metadata"] |= {"coordinates": {"x": 10.0, "y": 20.2}}
    label["metadata"] |= {"label": "drill"}
    return {
        "metadata names another place": place,
        "metadata names another label": label,
        "answer names no known class": paper.classified(3, "phase_classification", "Hemostasis"),
    }


@pytest.mark.parametrize("kind", odd_rows())
def test_odd_rows_are_noted_and_kept(kind) -> None:
    report = check(load_rows(paper.as_dataset({"train": [odd_rows()[kind]]})))
    assert [problem.kind for problem in report.problems] == [kind]
    assert report.usable == {"train": (0,)} and report.remarks == {"train": {kind: 1}}
    assert report.left_out == {"train": {}}
    assert any(f"kept, {kind}: 1 (row 0)" in line for line in report.lines())


def test_a_row_that_is_left_out_is_listed_once() -> None:
    row = odd_rows()["metadata names another label"] | {"image": None}
    report = check(load_rows(paper.as_dataset({"train": [row]})))
    assert [problem.kind for problem in report.problems] == ["no image"]


def test_every_remark_is_tried_and_rounding_is_none() -> None:
    assert set(odd_rows()) == set(REMARKS)
    row = paper.pointing(1, 10, 20)
    row["metadata"] |= {"coordinates": {"x": 10.04, "y": 19.95}}
    assert check(load_rows(paper.as_dataset({"train": [row]}))).problems == ()


def test_the_lines_say_all_counts(splits) -> None:
    lines = check(splits).lines()
    assert "train 16, validation 5 rows" in lines[0]
    assert "train: left out, video without frames: 1 (row 11)" in lines
    assert "validation: kept, the same as a row before: 1 (row 4)" in lines
    shares = "2 of 6 rows of train and 3 of 5 rows of validation"
    assert f"leak: 2 frames stand in both train and validation: {shares}" in lines
    assert f"leak: 1 video stands in both train and validation: {shares}" in lines
    assert (
        f"leak: 2 questions about one frame stand in both train and validation: {shares}" in lines
    )


def test_a_clean_set_says_so() -> None:
    lines = check(load_rows(paper.as_dataset(paper.good()))).lines()
    assert "no frame stands in both train and validation" in lines
    assert "no video stands in both train and validation" in lines
    assert not any("left out" in line or "leak" in line for line in lines)


def test_many_rows_are_counted_and_the_first_named() -> None:
    rows = [paper.classified(i, "step_classification", " ") for i in range(1200)]
    lines = check(load_rows(paper.as_dataset({"train": rows}))).lines()
    assert "train: left out, no answer: 1,200 (rows 0, 1, 2, 3, 4, 5, 6, 7, …)" in lines
    assert "train: 0 of 1,200 rows are used: none" in lines


def test_the_report_is_plain_json_and_has_every_row(splits) -> None:
    report = check(splits)
    said = json.loads(json.dumps(report.to_dict()))
    assert said == report.to_dict() and said["fingerprint"] == splits.fingerprint
    assert len(said["problems"]) == len(paper.broken())


def test_progress_is_told_once_a_row_and_the_pass_is_made_once() -> None:
    told: list[tuple[int, int]] = []
    splits = load_rows(paper.as_dataset(paper.good()))
    first = check(splits, lambda done, total: told.append((done, total)))
    assert told == [(done, 8) for done in range(1, 9)]
    assert check(splits, lambda done, total: told.append((0, 0))) == first and len(told) == 8


LABELS = [(label, labels) for labels in (PHASES, STEPS) for label in labels]


@given(st.sampled_from(LABELS), st.sampled_from([str.lower, str.upper, str.title]))
def test_labels_are_found_however_they_are_spelt(one, spell) -> None:
    label, labels = one
    for text in (label, label.replace("_", " "), f"The answer is {label.replace('_', ' ')}."):
        found = named_in(spell(text), labels)
        assert found == (label,)


def test_a_label_inside_a_word_is_not_named() -> None:
    assert named_in("nasality, disclosure", PHASES) == ()
