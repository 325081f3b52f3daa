"""The calculator's numbers, in a real browser, against the package's own."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from paper_repro.counting.bases import BUILT_IN
from paper_repro.hardware.ways import WAYS
from paper_repro.site.calculator.form import SCRIPTS
from paper_repro.site.calculator.tables import script
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.text import Cite
from tests.manuscript.texts import checked
from tests.site.browsing import ROOT
from tests.site.calculator_told import CALCULATE, OWN, START, STUDY, Choice, differences, grid, told


def test_every_number_is_the_packages_own(calculator: Any) -> None:
    choices = grid(700)
    assert {choice["base"] for choice in choices} == set(BUILT_IN)
    assert {choice["way"] for choice in choices} == set(WAYS)
    found = calculator.evaluate(CALCULATE, choices)
    expected = [told(choice) for choice in choices]
    assert sum(each["estimates"] is None for each in expected) > 20
    cards = [one for each in expected for one in (each["estimates"] or {}).values()]
    for name in ("fits", "checkpointing"):
        assert {one[name] for one in cards} == {True, False}
    assert {one["boundBy"] for one in cards} >= {"launches", "arithmetic", "memory"}
    assert {one["batch"] for one in cards} == {1, 2, 4, 8, 16}
    wrong = [
        (choice, difference)
        for choice, one, right in zip(choices, found, expected, strict=True)
        for difference in differences(one, right)
    ]
    assert wrong == []


MUTANTS = (
    ("(inputs + outputs),", "(inputs + inputs),"),
    ('id === "total" ? bare + trained : bare', "bare"),
    ("sum(Object.values(held[", "Math.max(...Object.values(held["),
    ("one.ofRank * adapter.ranks", "one.ofRank"),
    ("one.ofDropped * adapter.dropped", "0"),
    ("Math.max(batch, update) * one.pixels", "batch * one.pixels"),
    ("one.flopsOfWeight * adapter.trained", "0"),
    ("shared.read / batch", "shared.read"),
    ("shared.unpacked / batch", "shared.unpacked"),
    ("end / batch + picture[place]", "end / batch"),
    ("tower * tables.slack + choice.rows", "tower + choice.rows"),
    ("bytes <= tables.room * card.memory", "bytes <= card.memory"),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0])
def test_a_wrong_formula_would_be_found(browser: Any, mutant: tuple[str, str]) -> None:
    right, wrong = mutant
    formulas = (ROOT / "docs/assets/javascripts" / SCRIPTS[1]).read_text(encoding="utf-8")
    assert formulas.count(right) == 1
    opened = browser.new_page()
    opened.evaluate(script())
    opened.evaluate(formulas.replace(right, wrong))
    choices, expected = some()
    found = opened.evaluate(CALCULATE, choices)
    opened.close()
    assert any(any(differences(*pair)) for pair in zip(found, expected, strict=True))


@cache
def some() -> tuple[list[Choice], list[dict[str, Any]]]:
    choices = grid(80)
    return choices, [told(choice) for choice in choices]


UNUSABLE: tuple[tuple[str, Any, str], ...] = (
    ("base", "someone/else", "one of the bases"),
    ("rank", 0, "a whole number from 1 to 1,024"),
    ("rank", 1.5, "a whole number"),
    ("rank", None, "a whole number"),
    ("rows", 10**12, "from 1 to 1,000,000,000"),
    ("modules", [], "at least one of q_proj"),
    ("modules", ["qkv"], "at least one of q_proj"),
    ("modules", ["q_proj", "all-linear"], "all-linear by itself"),
    ("quantisation", "int8", "NF4 or none"),
    ("frame", "1x1", "one of the sizes"),
    ("tokens", 7, "one of the numbers"),
    ("card", "abacus", "one of the cards"),
    ("way", "default", "one of notebook, notebook-fp16, notebook-today"),
)


def test_what_cannot_be_computed_is_answered_by_what_is_expected(calculator: Any) -> None:
    choices = [START | {field: value} for field, value, _ in UNUSABLE]
    for (field, _, words), found in zip(
        UNUSABLE, calculator.evaluate(CALCULATE, choices), strict=True
    ):
        (problem,) = found.pop("problems")
        assert found == {} and problem["field"] == field and words in problem["expected"]


def test_the_sentence_is_the_one_that_methods_writes(calculator: Any) -> None:
    variant = STUDY.variant("seven-modules")
    (adapter,) = STUDY.stack(variant)
    choice = START | {
        "rank": adapter.r,
        "modules": list(adapter.target_modules),
        "rows": STUDY.dataset(variant.settings.dataset).train_rows,
    }
    (written,) = compose(of_variant(STUDY, variant), "sentence").sentences
    pieces = (each for each in written.pieces if not isinstance(each, Cite))
    words = "".join(each if isinstance(each, str) else each.words for each in pieces)
    (found,) = calculator.evaluate(CALCULATE, [choice])
    assert found["sentence"] == " ".join(words.split())


def test_rows_are_told_of_the_studys_base_and_where_a_reader_gave_them(calculator: Any) -> None:
    choices = grid(240, seed=11)
    told = {(each["base"] == OWN, each["rows"] == START["rows"]) for each in choices}
    assert told == {(True, True), (True, False), (False, True), (False, False)}
    for choice, found in zip(choices, calculator.evaluate(CALCULATE, choices), strict=True):
        own = choice["base"] == OWN or choice["rows"] != START["rows"]
        assert (f") on {choice['rows']:,} rows, training" in found["sentence"]) == own
        assert ("), training" in found["sentence"]) != own and "{" not in found["sentence"]


def test_the_sentence_stands_before_the_packages_own_checker(calculator: Any) -> None:
    choices = grid(240, seed=11)
    verdicts = set()
    for found in calculator.evaluate(CALCULATE, choices):
        if found["trained"] > found["base"] / 2:  # is read as the share that stayed frozen
            continue
        findings = checked(found["sentence"], "none").findings
        assert [f for f in findings if f.severity != "note"] == [], found["sentence"]
        judged = {f.rule: f.verdict.value for f in findings if f.kind == "number"}
        verdicts.add((judged["trained-parameters"], judged["trained-share"]))
    assert ("holds", "holds when rounded") in verdicts


def test_the_tables_are_small_and_the_same_every_time() -> None:
    assert script() == script()
    assert len(script().encode()) < 250_000
