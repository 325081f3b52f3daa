"""Plain text as passages."""

from __future__ import annotations

import pytest

from tests.manuscript.readers.reading import reading, stands_for, words


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_paragraphs_headings_and_places(tmp_path, end):
    text = (
        "\ufeffMethods\n\nWe fine-\ntuned it in\n  two  steps of Q-\nLoRA.\n \t\n2 Results\n\n"
        "A short sentence.\n\nThe eﬃcient 3-\nfold model\n\nReferences\n\nSmith. 4M\nrows\n"
    ).replace("\n", end)
    made = reading(tmp_path, "a.txt", text)
    assert [(p.role, p.text, p.section) for p in made.passages] == [
        ("heading", "Methods", ()),
        ("paragraph", "We finetuned it in two steps of Q- LoRA.", ("Methods",)),
        ("heading", "2 Results", ()),
        ("paragraph", "A short sentence.", ("2 Results",)),
        ("paragraph", "The efficient 3- fold model", ("2 Results",)),
        ("heading", "References", ()),
        ("paragraph", "Smith. 4M rows", ("References",)),
    ]
    assert made.source == text
    passage = made.passages[1]
    assert made.place(passage.at(0)) == (3, 1)
    assert made.place(passage.at(passage.text.index("two"))) == (5, 3)
    assert stands_for(text, passage, "finetuned") == f"fine-{end}tuned"
    assert stands_for(text, made.passages[4], "efficient") == "eﬃcient"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_heading_may_be_underlined(tmp_path, end):
    text = "one two.\n\nReferences\n----------\n\nSmith. 4M rows.\n".replace("\n", end)
    made = reading(tmp_path, "a.txt", text)
    assert [(p.role, p.text, p.section) for p in made.passages[1:]] == [
        ("heading", "References", ()),
        ("paragraph", "Smith. 4M rows.", ("References",)),
    ]


@pytest.mark.parametrize(
    "line",
    ["It ends in a stop.", "x" * 61, "Not: alone\nhere", "***", "What is it?", "A list:"],
)
def test_what_is_no_heading(tmp_path, line):
    made = reading(tmp_path, "a.txt", f"one two.\n\n{line}\n\nthree four.")
    assert [p.role for p in made.passages] == ["paragraph"] * 3


def test_only_paragraphs_of_worth_are_read(tmp_path):
    text = "Head\n\nDull words.\n\nA 2B model.\n\nDull"
    made = reading(tmp_path, "a.txt", text, lambda raw: "2B" in raw)
    assert words(made) == ["Head", "A 2B model.", "Dull"]


def test_nothing_is_a_manuscript_too(tmp_path):
    for name in ("a.txt", "a.md", "a.tex", "a.html"):
        assert reading(tmp_path, name, "").passages == ()
        assert reading(tmp_path, name, "\ufeff \r\n").passages == ()
