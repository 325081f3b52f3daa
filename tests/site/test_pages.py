"""The pages that are made from the study and the rules, and what every page must have."""

from __future__ import annotations

import importlib
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from paper_repro.data.points import read_points
from paper_repro.hardware.figures import BLUE, TEAL
from paper_repro.judging import Verdict
from paper_repro.manuscript.terms.rules import rules
from paper_repro.site.explained import explained
from paper_repro.site.inserts.citation import FORMS, KEY, converted
from paper_repro.site.inserts.questions import QUESTIONS
from paper_repro.study import load_study
from paper_repro.verify.report.markdown import escape
from paper_repro.verify.result import Report
from tests.site.browsing import ROOT

HEAVIEST = 500_000
"""Bytes of a page."""


def staged(root: Path, name: str) -> str:
    return (root / "build" / "docs" / f"{name}.md").read_text(encoding="utf-8")


def report(root: Path) -> Report:
    path = root / "build" / "docs" / "claims" / "report.json"
    return Report.model_validate_json(path.read_text(encoding="utf-8"))


def test_the_questions_are_the_documents() -> None:
    lines = (ROOT / "paper_repro/study/pitvqa/source-document.md").read_text().splitlines()
    for question in QUESTIONS:
        assert question.words in lines[question.line - 1]
        assert not re.search(r"\d{2}|\d[MB%]", question.answer)
    asked = [n for n, line in enumerate(lines, 1) if re.search(r"\*\*Q\*\*|### Q:", line)]
    assert asked == [question.line for question in QUESTIONS]


def test_each_question_has_its_claims(root: Path) -> None:
    page = staged(root, "questions")
    for question in QUESTIONS:
        assert escape(question.words) in page and question.answer in page
        assert all(f"claims.md#{id})" in page for id in question.claims)


def test_the_errata_name_every_contradicted_claim(root: Path) -> None:
    page, told = staged(root, "errata"), report(root)
    wrong = [claim for claim in told.claims if claim.verdict is Verdict.CONTRADICTED]
    named = re.findall(r"”\]\(claims\.md#([\w.-]+)\)", page.partition("## Corrections to this")[0])
    assert sorted(named) == sorted(claim.id for claim in wrong)
    for claim in wrong:
        assert all(escape(reading) in page for reading in claim.reconciles)


def test_every_rule_that_asks_for_other_words_is_in_the_table(root: Path) -> None:
    page = staged(root, "terminology")
    for rule in rules():
        assert (f"`{rule.id}`" in page) == bool(rule.say)


def test_how_to_cite_comes_from_the_file(root: Path) -> None:
    page = staged(root, "cite")
    for form in FORMS.values():
        text = converted(ROOT, form)
        assert all(line.strip() in page for line in text.splitlines())
    assert f"@misc{{{KEY}," in page


def test_the_levels_are_counted(root: Path) -> None:
    page, study = staged(root, "levels"), load_study()
    for level in study.levels:
        assert f"## Level {level.number}" in page
    for adapter in {a for variant in study.variants for a in study.stack(variant)}:
        assert f"adapter `{adapter.id}`" in page


def test_an_answer_that_is_not_drawn_says_why(root: Path) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", staged(root, "literate/level-2"))
    assert len(captions) == 3
    for caption in map(unescape, captions):
        answer, not_drawn, _ = caption.partition(" (not drawn: ")
        assert bool(not_drawn) != bool(read_points(answer)), caption


def test_a_run_has_its_colour_in_both_figures(root: Path) -> None:
    _, losses, shares = re.split('id="axes_[12]"', staged(root, "literate/level-2"))
    for colour in (BLUE, TEAL):
        assert colour in losses and colour in shares


def test_every_name_of_the_notation_is_there() -> None:
    page = (ROOT / "docs" / "reference" / "notation.md").read_text(encoding="utf-8")
    names = re.findall(r"\]\[(paper_repro[\w.]*)\]", page)
    assert len(names) > 8
    for name in names:
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), name


class Head(HTMLParser):
    """Language, title, descriptions, and pictures without words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.language, self.title, self.inside = "", "", False
        self.meta: dict[str, str] = {}
        self.mute: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = tag == "title" and not self.title
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "meta":
            self.meta[given.get("name") or given.get("property", "")] = given.get("content", "")
        if tag == "img" and "alt" not in given:
            self.mute.append(given.get("src", "")[:60])

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.title += data
            self.inside = False


def test_every_page_says_what_it_is(pages: list[Path]) -> None:
    titles, described = [], []
    for path in pages:
        head = Head(path)
        assert head.language == "en", path.name
        assert head.title and head.mute == [], path.name
        titles.append(head.title)
        if path.name != "report.html":
            assert len(head.meta["description"]) > 30, path.name
            described.append(head.meta["description"])
            assert head.meta["og:image"].endswith("assets/social.png"), path.name
            assert head.meta["og:title"] and head.meta["og:description"], path.name
    assert len(set(titles)) == len(titles)
    assert len(set(described)) > 0.6 * len(described)


def test_no_page_is_heavy(pages: list[Path]) -> None:
    heavy = {path.name: path.stat().st_size for path in pages if path.stat().st_size > HEAVIEST}
    assert heavy == {}


def test_ids_of_claims_in_an_explanation_lead_to_them() -> None:
    said = explained("See L0.frozen.count, L0.frozen; not L0.frozen-like, `--only L0.frozen` too.")
    assert said == (
        "See [L0.frozen.count](claims.md#L0.frozen.count), [L0.frozen](claims.md#L0.frozen); not "
        "L0.frozen-like, `--only L0.frozen` too."
    )
