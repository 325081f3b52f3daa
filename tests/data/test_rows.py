"""Each kind of row is read as what it is, or refused with its kind."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from paper_repro.data.frames import pixels_digest
from paper_repro.data.points import Point
from paper_repro.data.refusals import REFUSED, RowError
from paper_repro.data.rows import conversation, read_row
from paper_repro.data.survey import see
from tests.data import paper_rows as paper


def test_a_pointing_row() -> None:
    row = read_row(paper.pointing(7, 45.2, 68.3), 3, "train")
    assert (row.number, row.split, row.medium, row.video) == (3, "train", "image", "video_01")
    assert row.question == "Where is the suction device positioned?"
    assert row.points == (Point(45.2, 68.3, "suction device"),)
    assert row.task == "instrument_pointing" and row.metadata["coordinates"]["x"] == 45.2
    assert row.image.mode == "RGB" and row.image.size == (paper.SIDE, paper.SIDE)


@pytest.mark.parametrize(
    ("raw", "task", "points"),
    [
        (paper.anatomy(1), "anatomy_pointing", 1),
        (paper.several(1), "multi_point", 3),
        (paper.dual(1), "dual_instrument", 2),
        (paper.classified(1, "phase_classification", "nasal"), "phase_classification", 0),
        (paper.said(1, paper.POINT.format(1, 2, "drill")), "pointing", 1),
        (paper.said(1, "a drill"), "unknown", 0),
    ],
)
def test_tasks(raw, task, points) -> None:
    row = read_row(raw, 0, "train")
    assert (row.task, len(row.points)) == (task, points)


def test_the_rows_own_task_goes_before_its_metadata() -> None:
    raw = paper.pointing(1, 2, 3) | {"task_type": "anatomy_pointing"}
    assert read_row(raw, 0, "train").task == "anatomy_pointing"


def stored_alike() -> list[dict]:
    raw = paper.pointing(7, 45.2, 68.3)
    messages, picture = raw["messages"], Image.open(BytesIO(raw["image"]))
    parts = [{"type": "image", "text": None}, {"type": "text", "text": messages[0]["content"][8:]}]
    answer = {"role": "assistant", "content": [{"type": "text", "text": messages[1]["content"]}]}
    return [
        raw | {"messages": json.dumps(messages)},
        raw | {"metadata": json.dumps(raw["metadata"])},
        raw | {"metadata": raw["metadata"] | {"type": None, "instruments": []}},
        raw | {"messages": [{"role": "user", "content": parts}, answer]},
        raw | {"messages": {key: [m[key] for m in messages] for key in ("role", "content")}},
        raw | {"image": picture},
        raw | {"image": picture.convert("RGBA")},
        raw | {"image": {"bytes": raw["image"], "path": "f.png"}},
        raw | {"image": [raw["image"]]},
        raw | {"image": {"bytes": None, "path": None}, "images": [raw["image"]]},
    ]


@pytest.mark.parametrize("number", range(len(stored_alike())))
def test_ways_of_storing_one_row(number) -> None:
    expected = read_row(paper.pointing(7, 45.2, 68.3), 0, "train")
    row = read_row(stored_alike()[number], 0, "train")
    assert row.image.tobytes() == expected.image.tobytes()
    assert {**vars(row), "frames": ()} == {**vars(expected), "frames": ()}


@pytest.mark.parametrize("kind", paper.broken())
def test_broken_rows_are_refused_with_their_kind(kind) -> None:
    with pytest.raises(RowError) as caught:
        read_row(paper.broken()[kind], 0, "train")
    assert caught.value.kind == kind and caught.value.said
    assert see(paper.broken()[kind]).refused == (kind, caught.value.said)


def test_every_kind_of_refusal_is_tried() -> None:
    assert {*paper.broken(), "unreadable row"} == set(REFUSED)


@pytest.mark.parametrize(
    "messages",
    [
        None,
        7,
        "[1, 2]",
        [],
        paper.messages("a", "b")[:1],
        paper.messages("a", "b") * 2,
        paper.messages("a", "b")[::-1],
        [{"role": "user", "content": 5}, {"role": "assistant", "content": "b"}],
        {"role": "user", "content": "b"},
    ],
)
def test_messages_that_are_no_question_and_answer(messages) -> None:
    with pytest.raises(RowError) as caught:
        read_row(paper.pointing(1, 2, 3) | {"messages": messages}, 0, "train")
    assert caught.value.kind == "unreadable messages"


def test_tracking_rows_are_read_with_frames_and_refused_without() -> None:
    row = read_row(paper.tracking([paper.frame(seed) for seed in (1, 2, 3)]), 0, "train")
    assert (row.medium, row.task, len(row.frames)) == ("video", "temporal_tracking", 3)
    assert row.question.startswith("Track the drill") and len(row.points) == 3
    placeholders = [part["type"] for part in conversation(row, False)[0]["content"]]
    assert placeholders == ["image", "image", "image", "text"]
    for frames in ({}, {"images": []}, {"image": paper.frame(1)}, {"images": [paper.frame(1)]}):
        with pytest.raises(RowError, match="several frames") as caught:
            read_row(paper.tracking() | frames, 0, "train")
        assert caught.value.kind == "video without frames"


def test_a_tracking_question_may_be_in_parts() -> None:
    raw = paper.tracking([paper.frame(1), paper.frame(2)])
    question = raw["messages"][0]["content"].removeprefix("<video>\n")
    parts = [{"type": "video", "text": None}, {"type": "text", "text": question}]
    raw["messages"][0] = {"role": "user", "content": parts}
    row = read_row(raw, 0, "train")
    assert (row.medium, row.question) == ("video", question)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_pictures_of_any_mode_become_rgb(mode) -> None:
    stream = BytesIO()
    Image.new(mode, (8, 6)).save(stream, "PNG")
    row = read_row(paper.pointing(1, 2, 3) | {"image": stream.getvalue()}, 0, "train")
    assert (row.image.mode, row.image.size) == ("RGB", (8, 6))


def test_a_question_about_one_frame_has_one() -> None:
    raw = paper.pointing(1, 2, 3) | {"image": [paper.frame(1), paper.frame(2)]}
    with pytest.raises(RowError, match="about one frame, with 2"):
        read_row(raw, 0, "train")


GOOD = paper.frame(1)
PARTS = {
    "messages": st.sampled_from([row.get("messages") for row in paper.broken().values()]),
    "image": st.sampled_from([None, "gone.png", ".", "a\0b", 7, GOOD, GOOD[:60]]),
    "images": st.sampled_from([None, [], [GOOD, "gone.png"], [GOOD] * 2]),
}


@given(st.fixed_dictionaries(PARTS))
def test_the_survey_refuses_what_reading_refuses_for_the_same_reason(raw) -> None:
    try:
        read_row(raw, 0, "train")
    except RowError as error:
        assert see(raw).refused == (error.kind, error.said)
    else:
        assert see(raw).refused is None


def test_a_frames_digest_is_another_for_one_pixel_and_for_another_shape() -> None:
    flat, tall = Image.new("RGB", (8, 6)), Image.new("RGB", (6, 8))
    other = flat.copy()
    other.putpixel((7, 5), (0, 0, 1))
    assert len({pixels_digest(picture) for picture in (flat, tall, other)}) == 3


@pytest.mark.parametrize("size", [0, 8, 60, 150])
def test_pictures_cut_short_are_refused(size) -> None:
    with pytest.raises(RowError) as caught:
        read_row(paper.pointing(1, 2, 3) | {"image": {"bytes": paper.frame(1)[:size]}}, 0, "train")
    assert caught.value.kind == ("unreadable image" if size else "no image")
    assert "0x" not in caught.value.said


def test_a_conversation_has_the_question_and_on_request_the_answer() -> None:
    row = read_row(paper.pointing(1, 2, 3), 0, "train")
    user, assistant = conversation(row, with_answer=True)
    assert [user] == conversation(row, with_answer=False)
    assert user["content"] == [{"type": "image"}, {"type": "text", "text": row.question}]
    assert assistant == {"role": "assistant", "content": [{"type": "text", "text": row.answer}]}
