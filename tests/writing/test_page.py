"""A page of blocks is Markdown that readers of it take apart again into the same blocks."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from paper_repro.writing.bibliography import address
from paper_repro.writing.page import (
    Grid,
    Heading,
    Items,
    Listing,
    Paragraph,
    cited,
    figures,
    paragraph,
    to_markdown,
)
from paper_repro.writing.text import Cite, Figure, Name, sentence

FIGURE = Figure("1,234", "q", "", "somewhere")
HARD = ["a|b", "a`b", "a\nb", "a*b_c", "<d>", "| --- |", "[e](f)"]


def read(blocks):
    return MarkdownIt("commonmark").enable("table").parse(to_markdown(blocks))


def words(tokens, within):
    """The words of each token of a kind."""
    inline = [tokens[n + 1] for n, token in enumerate(tokens) if token.type == f"{within}_open"]
    return ["".join(child.content for child in token.children) for token in inline]


@pytest.mark.parametrize("name", HARD)
def test_no_name_breaks_a_table(name):
    rows = ((("one",), (Name(name),)), (("two",), (FIGURE, " of ", name.replace("\n", " "))))
    tokens = read([Grid(("first", "second"), rows)])
    plain = " ".join(name.split())
    assert words(tokens, "th") == ["first", "second"]
    found = [cell.replace("\\|", "|") for cell in words(tokens, "td")]
    assert found == ["one", plain, "two", f"1,234 of {plain}"]


def test_each_block_is_one_of_its_kind():
    blocks = [
        Heading((Name("a_b"), " c"), 1),
        Paragraph(("Of ", FIGURE, ".")),
        Items((("one",), ("two",))),
        Listing("x = '```'\n", "python"),
    ]
    tokens = read(blocks)
    assert words(tokens, "heading") == ["a_b c"]
    assert sum(token.type == "list_item_open" for token in tokens) == 2
    assert words(tokens, "paragraph") == ["Of 1,234.", "one", "two"]
    (fence,) = (token for token in tokens if token.type == "fence")
    assert (fence.info, fence.content) == ("python", "x = '```'\n")
    assert figures(blocks) == [FIGURE]


def test_citations_are_links_to_what_they_cite():
    made = paragraph([sentence("model", "One", Cite(("hu2021lora", "pitvqa2024data")), ".")] * 2)
    tokens = read([made])
    links = [c.attrs["href"] for t in tokens for c in t.children or () if c.type == "link_open"]
    assert links == ["https://arxiv.org/abs/2106.09685", "https://doi.org/10.5522/04/27004666"] * 2
    assert cited([made]) == ["hu2021lora", "pitvqa2024data"]
    assert address("nobody1999") == ""
    assert to_markdown([Paragraph((Cite(("nobody1999",)),))]) == "nobody1999\n"
