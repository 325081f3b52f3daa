"""Reading takes time in proportion to the text, whatever stands in it."""

from __future__ import annotations

import time

import pytest

from paper_repro.manuscript.readers import html, latex, markdown, plain
from tests.manuscript.readers.reading import everything

SHORT, TIMES = 12_000, 6
SIGNS = ["$", "$a ", "{", "}", "[", "]", "*", "*a ", "_", "<", "`", "&", "\\", "~ ", "(", "!["]
OPENED = {
    markdown: [
        *["[a](", "[a][", "[[a]]", "[@a", "<!--", "<a ", '<a ="', "www.", "a*", "`a``", "\\$"],
        *["- a\n", "\n- a\n", "> ", "> - ", "\n>", "|a|b|\n|-|-|\n", "a\n\n", "# a\n", "=\n", "\r"],
        *[
            "[a]: b\n",
            "[a\n",
            "[^a]: b\n\n",
            "<div>\n\n",
            "<!-- \n\n",
            "$$ a\n",
            "x\n===\n",
            "1. a\n",
        ],
    ],
    latex: [
        *["\\[", "\\(", "\\begin{a}", "\\begin{tabular}{l}", "\\begin{verbatim}", "\\footnote{"],
        *["\\textbf{", "\\verb|", "\\verb", "% \n", "\\cite", "\\item ", "&", "\\\\", "\\'", "--"],
        *["\\begin{equation}$", "\\end{a}", "\\foo[", "\\foo[a]", "}{", "\\SI{1}{", "\\section{"],
        *["\n \n", "\\begin{quote}", "\\href{", "\\left", "\\multicolumn{99}{c}{", "\\begin{a}["],
    ],
    html: [
        *["<!--", "<!", "<?", "</", "<a ", '<a ="', "<a ='", "<td>", "<tr><td>", "<table><tr><td>"],
        *[
            "<code>",
            "</code>",
            "<math><msup>",
            "<pre>",
            "<script>",
            "<q>",
            "<th colspan=99>",
            "<p>",
        ],
        *["<blockquote>", "<h1>", "<sup>", "&#1", "&amp;", "<svg>"],
    ],
    plain: ["a-\n", "a\n\n", "\n", " ", "\t\n", "ﬁ", "-", "\r"],
}
CASES = [(reader, seed) for reader, seeds in OPENED.items() for seed in [*SIGNS, *seeds]]


def seconds(reader, text, worth=everything):
    start = time.process_time()
    reader.passages(text, worth)
    return time.process_time() - start


@pytest.mark.parametrize(("reader", "seed"), CASES)
def test_what_is_never_closed_takes_linear_time(reader, seed):
    short, long = (seed * (size // len(seed)) for size in (SHORT, SHORT * TIMES))
    assert seconds(reader, long) < 4 * TIMES * seconds(reader, short) + 1


@pytest.mark.parametrize("seed", ["  - a\n", "> a\n", "`a\n", "[a\n", "# a\n", "| a\n"])
def test_lines_that_nest_ever_deeper(seed):
    sign, rest = seed[:-2] if seed[0] == " " else seed[0], seed[-2:]
    text = "".join(sign * depth + rest for depth in range(400))
    assert seconds(markdown, text) < 5


@pytest.mark.parametrize(
    ("reader", "opens", "closes"),
    [
        (markdown, "[", "]"),
        (markdown, "*_", "_*"),
        (latex, "{", "}"),
        (latex, "\\footnote{", "}"),
        (latex, "\\begin{a}", "\\end{a}"),
        (html, "<code>", "</code>"),
        (html, "<math><msup>", "</msup></math>"),
    ],
)
def test_deep_nests(reader, opens, closes):
    assert seconds(reader, opens * 20_000 + "a" + closes * 20_000) < 5


def test_a_table_whose_head_is_long():
    row = "<tr>" + "<td>1" * 40
    text = "<table><tr>" + f"<th>{'long ' * 10_000}" * 40 + row * 400 + "</table>"
    said = html.passages(text, everything)
    assert len(said) == 400 and sum(len(passage.text) for passage in said) < len(text)


def test_much_that_is_not_of_worth():
    dull = "The quick brown fox jumps over the lazy dog and runs through the forest,\nand on.\n\n"
    text = f"# Head\n\n{dull * 20}- one item\n- another\n\nA 2B model.\n\n"
    text *= 500_000 // len(text)
    assert seconds(markdown, text, lambda raw: "2B" in raw) < 0.5 * seconds(markdown, text)
