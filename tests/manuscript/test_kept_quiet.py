"""What need not be told: rules that comments switch off, findings that a baseline lists, swaps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.manuscript import baseline
from paper_repro.manuscript.disabled import directives, enabled, unknown
from paper_repro.manuscript.fix import swapped
from paper_repro.manuscript.rule_names import NAMES
from tests.manuscript.texts import found, manuscript

WRONG = "We retrained it with LoRA from scratch, so we retrained it."


def told(text):
    return [(f.line, f.rule) for f in enabled(found(text, "none"), directives(manuscript(text)))]


def new_beside(findings, path):
    return baseline.unknown(findings, baseline.read(path), path)


def lines(text, rule="retrained"):
    return [line for line, name in told(text) if name == rule]


def test_without_comments_everything_is_told():
    assert lines(f"{WRONG}\n\n{WRONG}\n") == [1, 1, 3, 3]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("<!-- paper-repro: disable -->", []),
        ("<!-- paper-repro: disable retrained -->", []),
        ("<!-- paper-repro: disable retrained, from-scratch -->", []),
        ("<!-- paper-repro: disable from-scratch -->", [3, 3, 5, 5]),
        ("<!-- paper-repro: disable-next-line retrained -->", [3, 3, 5, 5]),
        ("paper-repro: disable rank", [3, 3, 5, 5]),
    ],
)
def test_a_comment_switches_rules_off(comment, left):
    assert lines(f"{comment}\n\n{WRONG}\n\n{WRONG}\n") == left


def test_the_next_line_the_same_line_and_on_again():
    text = f"<!-- paper-repro: disable-next-line -->\n{WRONG}\n\n{WRONG}\n"
    assert lines(text) == [4, 4]
    text = f"{WRONG} <!-- paper-repro: disable-line retrained -->\n\n{WRONG}\n"
    assert lines(text) == [3, 3]
    off, on = "<!-- paper-repro: disable retrained -->", "<!-- paper-repro: enable retrained -->"
    assert lines(f"{off}\n\n{WRONG}\n\n{on}\n\n{WRONG}\n") == [7, 7]


def test_comments_of_latex():
    text = f"% paper-repro: disable retrained\n{WRONG}\n"
    (comment,) = directives(manuscript(text))
    assert comment == ("disable", 1, frozenset({"retrained"}))
    assert directives(manuscript("100 \\% paper-repro: disable retrained")) == []


def test_a_rule_that_nobody_knows_is_named():
    text = "<!-- paper-repro: disable retraind, rank -->\n"
    assert unknown(directives(manuscript(text)), NAMES) == [(1, "retraind")]


def test_a_baseline_knows_findings_wherever_they_stand(tmp_path):
    path, findings = tmp_path / "known.json", found(WRONG, "none")
    count = baseline.write(findings, path)
    assert count == sum(each.severity != "note" for each in findings) == 3
    moved = found(f"A new line.\n\n{WRONG}", "none")
    assert [each.severity for each in new_beside(moved, path)] == []
    twice = found(f"{WRONG}\n\n{WRONG}", "none")
    assert len(new_beside(twice, path)) == 3


def test_a_baseline_does_not_know_other_words_files_or_rules(tmp_path):
    path = tmp_path / "known.json"
    baseline.write(found("We retrained it with LoRA.", "none"), path)
    new = found("We retrained it with LoRA. It was trained from scratch.", "none")
    assert [each.rule for each in new_beside(new, path)] == ["from-scratch"]
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries["findings"][0]["path"] = "other.md"
    path.write_text(json.dumps(entries), encoding="utf-8")
    assert len(new_beside(found("We retrained it with LoRA.", "none"), path)) == 1


def test_a_baseline_names_files_as_they_are_seen_from_its_folder(tmp_path, monkeypatch):
    paper = tmp_path / "paper" / "a.md"
    paper.parent.mkdir()
    text = "We retrained it with LoRA."
    (told,) = checked_at(text, paper)
    known = tmp_path / "known.json"
    baseline.write([told], known)
    assert json.loads(known.read_text())["findings"][0]["path"] == "paper/a.md"
    monkeypatch.chdir(paper.parent)
    assert new_beside(checked_at(text, "a.md"), Path("../known.json")) == []
    assert new_beside(checked_at(text, "b.md"), Path("../known.json")) != []


def checked_at(text, path):
    return [replace(each, path=str(path)) for each in found(text, "none")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "other/1"}',
        '{"schema": "paper_repro.baseline/1", "findings": [1]}',
    ],
)
def test_what_is_no_baseline(tmp_path, text):
    path = tmp_path / "known.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="baseline cannot be read"):
        baseline.read(path)
    with pytest.raises(UserError, match="baseline cannot be read"):
        baseline.read(tmp_path / "nowhere.json")


def test_safe_words_are_swapped_and_nothing_else():
    text = "# Results\r\n\r\nQwen-VL2 was retrained  with LoRA, from scratch; `Qwen-VL2` stays.\r\n"
    said, count = swapped(text, found(text, "none"))
    assert count == 2
    assert said == text.replace("Qwen-VL2 was retrained", "Qwen2-VL was fine-tuned")
    again, count = swapped(said, found(said, "none"))
    assert (again, count) == (said, 0)


def test_words_that_markup_parts_are_not_swapped():
    text = "Qwen-**VL2** was re*trained* with LoRA.\n"
    assert swapped(text, found(text, "none")) == (text, 0)
