"""Files of answers from anywhere: what is read, and every bad line by its number."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.errors import UserError
from paper_repro.evaluation.predictions import Prediction, write_predictions
from paper_repro.evaluation.reading import gaps, of_split, read_answers, read_predictions
from tests.evaluation import said
from tests.evaluation.said import one, point

LEAST = {"answer": point(20, 30), "prediction": point(21, 30)}


@pytest.fixture
def file(tmp_path):
    return lambda *lines: said.write(tmp_path / "answers.jsonl", lines)


def refusal(path, read=read_predictions, *more):
    with pytest.raises(UserError) as error:
        read(path, *more)
    assert str(path) in error.value.problem
    assert error.value.next_command.startswith("python -m paper_repro evaluate")
    return error.value.got


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    st.lists(
        st.builds(
            Prediction,
            row=st.integers(0, 10**9),
            split=TEXT,
            task=TEXT,
            video=st.none() | NAME,
            question=TEXT,
            answer=NAME.filter(lambda text: bool(text.strip()) and "<point" not in text),
            prediction=TEXT,
            frames=st.sampled_from(["", "drawn"]),
        ),
        min_size=1,
        unique_by=lambda one: (one.split, one.row),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, predictions):
    path = tmp_path_factory.mktemp("round") / "answers.jsonl"
    write_predictions(predictions, path)
    assert read_predictions(path) == tuple(predictions)


def test_the_least_that_a_line_must_have(file):
    (read,) = read_predictions(file(LEAST))
    assert read == Prediction(0, "", "", None, "", LEAST["answer"], LEAST["prediction"])


def test_what_other_programs_write(file, tmp_path):
    path = file({**LEAST, "row": 3, "video": 7, "extra": {"a": 1}, "task": None}, "", "  ")
    (read,) = read_predictions(path)
    assert (read.row, read.video, read.task) == (3, "7", "")
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(LEAST).encode() + b"\r\n")
    assert len(read_predictions(path)) == 1


def test_a_line_separator_inside_a_text_does_not_break_the_line(file):
    said = json.dumps({**LEAST, "prediction": "a\u2028b\x85c"}, ensure_ascii=False)
    assert read_predictions(file(said))[0].prediction == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ("[1]", "expected a JSON object, got a list"),
        ("3.5", "got the number 3.5"),
        ("null", "got null"),
        ({"prediction": "x"}, "expected answer: a text, got no such field"),
        ({"answer": "x"}, "expected prediction: a text, got no such field"),
        ({**LEAST, "prediction": None}, "expected prediction: a text, got null"),
        ({**LEAST, "prediction": ["x"]}, "expected prediction: a text, got a list"),
        ({**LEAST, "answer": " "}, "the truth, got an empty text"),
        ({**LEAST, "answer": "<point x='120' y='3'>a</point>"}, "coordinates out of range"),
        ({**LEAST, "answer": "<point x='12'>a</point>"}, "unreadable point"),
        ({**LEAST, "row": -1}, "counted from 0, got -1"),
        ({**LEAST, "row": 1.5}, "expected row: a whole number, got the number 1.5"),
        ({**LEAST, "row": True}, "expected row: a whole number, got a truth value"),
        ({**LEAST, "split": 3}, "expected split: a text"),
        ({**LEAST, "video": ["v"]}, "expected video: a text"),
    ],
)
def test_a_bad_line_is_named(file, line, words):
    got = refusal(file(LEAST, "", line))
    assert got.startswith("1 of 2 lines cannot be used: line 3: ") and words in got


def test_a_row_that_is_answered_twice(file):
    rows = [{**LEAST, "row": 4}, {**LEAST, "row": 4, "split": "train"}, {**LEAST, "row": 4}]
    assert "line 3: row 4 was answered in line 1 too" in refusal(file(*rows))


def test_many_bad_lines_are_counted_and_the_first_named(file):
    got = refusal(file(LEAST, *["{"] * 9))
    assert got.startswith("9 of 10 lines") and "line 7" in got and "line 8" not in got
    assert got.endswith("and 3 more")


def test_a_file_that_is_none(tmp_path, file):
    assert "FileNotFoundError" in refusal(tmp_path / "none.jsonl")
    assert "IsADirectoryError" in refusal(tmp_path)
    assert refusal(file("", " ")) == "no line"
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    assert "UnicodeDecodeError" in refusal(tmp_path / "binary.jsonl")


def test_one_split_of_several(file):
    path = file({**LEAST, "split": "train"}, {**LEAST, "split": "test"}, LEAST)
    read = read_predictions(path)
    assert [each.split for each in of_split(path, read, "test")] == ["test"]
    assert refusal(path, of_split, read, "validation") == "splits: (none named), test, train"


def test_rows_without_a_line_are_counted():
    assert gaps([one("a", "a", row) for row in range(3)]) == ()
    (said,) = gaps([one("a", "a", 4), one("a", "a", 0), one("a", "a", 1, split="train")])
    assert said.endswith("not scored: 4.")


ROWS = {
    number: one(point(number, 10), "", number, "pointing", "v1", frames="drawn")
    for number in (0, 2, 5)
}


def beside(path, limit=None):
    return read_answers(path, ROWS, "validation", limit)


def test_row_and_prediction_are_enough(file):
    path = file(*({"row": row, "prediction": f"p{row}"} for row in (5, 0, 2)))
    read = beside(path)
    assert [(each.row, each.prediction) for each in read] == [(0, "p0"), (2, "p2"), (5, "p5")]
    assert {(each.video, each.frames, each.split) for each in read} == {
        ("v1", "drawn", "validation")
    }
    assert read[0].answer == ROWS[0].answer


def test_lines_of_another_split_are_passed_over(file):
    lines = [{"row": row, "prediction": "here"} for row in ROWS]
    other = {"row": 0, "prediction": "there", "split": "train"}
    own = {"row": 0, "prediction": "own", "split": "validation"}
    read = beside(file(other, own, *lines[1:]))
    assert [each.prediction for each in read] == ["own", "here", "here"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"row": 1, "prediction": "x"}, "there is no row 1 to answer in validation"),
        ({"row": 0, "prediction": "x"}, "row 0 was answered in line 1 too"),
        ({"prediction": "x"}, "expected row: a whole number, got no such field"),
        ({"row": 2}, "expected prediction: a text"),
        ({"row": 2, "prediction": "x", "answer": point(9, 9)}, "the truth of row 2 is"),
        ("{", "not JSON"),
    ],
)
def test_a_line_that_answers_no_known_row_is_named(file, line, words):
    path = file({"row": 0, "prediction": "x"}, line)
    got = refusal(path, beside)
    assert got.startswith("1 of 2 lines cannot be used: line 2: ") and words in got


def test_rows_without_a_line_are_named(file):
    path = file({"row": 2, "prediction": "x"})
    assert refusal(path, beside) == "none for 2 of 3 rows: 0, 5"


def test_a_limit_asks_for_the_first_rows_alone(file):
    path = file({"row": 0, "prediction": "x"}, {"row": 5, "prediction": "z"})
    assert [each.row for each in beside(path, 1)] == [0]
    assert "none for 1 of 2 rows: 2" in refusal(path, beside, 2)
