"""The Markdown report, read back by two independent parsers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from paper_repro.verify.report import render
from paper_repro.verify.report.markdown import QUOTE_LENGTH, claim_section, escape, overview, table
from paper_repro.verify.report.wording import shorten, stated
from tests.verify.sample_report import ALL, CLAIMS, claim, sample_report

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12)
PARTS = st.sampled_from(
    [
        "**a**",
        "|",
        "`x`",
        "~~b~~",
        "$c$",
        "<i>",
        "&amp;",
        "# d",
        "1. e",
        "- f",
        "[g](h)",
        "\\",
        "_i_",
        "![j](k)",
        "├──",
        "✅",
        "  ",
        "\n",
        "\n```\n",
        ">",
        "+",
        "^",
    ]
)
QUOTES = st.lists(st.one_of(PARTS, PRINTABLE), min_size=1, max_size=8).map(" ".join)


class Texts(HTMLParser):
    """The text of every block of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag in {"p", "pre", "td", "th", "li", "h1", "h2", "h3"}:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data


def by_markdown_it(text: str) -> str:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


def by_python_markdown(text: str) -> str:
    markdown = pytest.importorskip("markdown")
    html: str = markdown.markdown(text, extensions=["tables", "fenced_code"])
    return html


def read(html: str) -> Texts:
    texts = Texts()
    texts.feed(html)
    return texts


@pytest.mark.parametrize("parse", [by_markdown_it, by_python_markdown])
def test_every_quote_is_found_word_for_word(parse: type[by_markdown_it]) -> None:
    texts = read(parse(render(ALL, "markdown")))
    for one in CLAIMS:
        stripped = one.quote.strip("\n")
        assert any(stripped in block for block in texts.blocks), one.id


@settings(max_examples=150, deadline=None)
@given(QUOTES)
def test_any_quote_survives(quote: str) -> None:
    section = "\n\n".join(claim_section(claim("L1.odd", quote, "line 1", "holds", printed="1")))
    assert any(quote in block for block in read(by_markdown_it(section)).blocks)


@settings(max_examples=150, deadline=None)
@given(QUOTES)
def test_no_text_is_markdown_once_escaped(text: str) -> None:
    line = re.sub(r"\s*\n\s*", " ", text).strip()
    html = by_markdown_it(escape(line))
    assert read(html).blocks[-1].strip() == " ".join(line.split(" ")).strip()
    assert set(re.findall(r"<(\w+)", html)) <= {"p"}


def test_tables_have_one_row_a_claim_and_all_columns() -> None:
    odd = claim("L1.odd", "a | b \\| c `d | e` **f**", "line | 1", "holds", printed="1|2")
    html = by_markdown_it(overview([odd, *CLAIMS]))
    cells = [block.strip() for block in read(html).blocks]
    for one in (odd, *CLAIMS):
        assert f"“{shorten(one.quote, QUOTE_LENGTH, one.printed or '')}”" in cells
        assert stated(one) in cells
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    assert len(rows) == len(CLAIMS) + 2
    assert {len(re.findall(r"<t[hd]", row)) for row in rows} == {6}


@pytest.mark.parametrize("numbers", [0, 1, 2])
def test_numbers_stand_at_the_right(numbers: int) -> None:
    html = by_markdown_it(table(("of", "a", "b"), [("c", "1", "2")], numbers))
    right = ["text-align:right" in cell for cell in re.findall(r"<t[hd]\b[^>]*>", html)]
    assert right == [place >= 3 - numbers for place in (0, 1, 2)] * 2


def test_every_claim_has_its_id_as_anchor_and_is_linked() -> None:
    texts = read(by_markdown_it(render(ALL, "markdown")))
    assert [id for id in texts.ids if id.startswith("L")] == [one.id for one in CLAIMS]
    assert all(f"](#{one.id})" in render(ALL, "markdown") for one in CLAIMS)


def test_a_claim_has_all_that_is_known_of_it() -> None:
    (one,) = (one for one in CLAIMS if one.id == "L2.trainable.count")
    text = "\n".join(read(by_markdown_it("\n\n".join(claim_section(one)))).blocks)
    known = (one.place, one.formula, one.evidence, one.explanation, one.consequence, one.command)
    for part in (*known, *one.reconciles, *one.by_variant, "✗ contradicted"):
        assert part in text


def test_only_the_run_differs_between_runs() -> None:
    assert "This run" not in render(sample_report(), "markdown")
    first, second = (render(sample_report(seconds=s), "markdown") for s in ("1.0", "2.0"))
    differing = [a for a, b in zip(first.splitlines(), second.splitlines(), strict=True) if a != b]
    assert differing == ["This run: seconds 1.0."]
