"""A text in each format says the same words, and is valid there."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalker

from paper_repro.writing.bibliography import cited, entries
from paper_repro.writing.formats import LICENCE, render, words_of
from paper_repro.writing.text import Cite, Figure, Name, Text, sentence
from tests.writing.texts import EVERY, text

HARD = Text(
    (
        sentence(
            "model",
            "50 % of a_b & *c* <d> #1 $x$ ~ ^ {e} [f] \\ `g` – ±\u03b1\u00d7",
            Figure("1,234 %", "q", "", "s"),
            " ",
            Name("q_proj<&>"),
            Cite(("one2020", "two2021")),
        ),
    )
)
PAGE = (
    "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{textcomp}\n"
    "\\begin{document}\n%s\\bibliographystyle{plain}\n\\bibliography{refs}\n\\end{document}\n"
)
PASSED_OVER = r"\\ensuremath(\{[^{}]*\})", r"\\texttt(\{(?:[^{}]|\{[^{}]*\})*\})"
"""Macros whose argument pylatexenc passes over, the inner ones first."""


class Words(HTMLParser):
    """The words of a page, and whether every tag is closed in its turn."""

    def __init__(self):
        super().__init__()
        self.words, self.open, self.comments = "", [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.comments.append(data.strip())


def of_html(page):
    parser = Words()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


def squeezed(words):
    return "".join(words.split())


@pytest.mark.parametrize("parted", [False, True])
@pytest.mark.parametrize("made", [*(text(*each) for each in EVERY), HARD])
def test_html_and_markdown_have_the_words(made, parted):
    plain = squeezed(words_of(made))
    page = of_html(render(made, "html", parted))
    assert page.comments == [LICENCE]
    read = of_html(MarkdownIt("commonmark", {"html": True}).render(render(made, "md", parted)))
    assert read.comments == [LICENCE]
    for words in (page.words, read.words.replace("@", "").replace(";", ",")):
        found = squeezed(words)
        if parted:
            for part in made.by_part():
                found = found.replace(f"{part.capitalize()}.", "", 1)
        assert found.replace(";", ",") == plain.replace(";", ",")


@pytest.mark.parametrize("made", [*(text(*each) for each in EVERY), HARD])
def test_latex_is_read_back_as_the_same_words(made):
    source = render(made, "tex", parted=False)
    nodes, _, read = LatexWalker(source, tolerant_parsing=False).get_latex_nodes()
    assert read == len(source) and nodes
    body = re.sub(r"\\cite\{([^}]*)\}", lambda m: f"[{m[1]}]", source)
    for macro in PASSED_OVER:
        body = re.sub(macro, r"\1", body)
    words = LatexNodes2Text().latex_to_text(body)
    assert squeezed(words).replace("\u02c6", "^") == squeezed(words_of(made))
    assert source.startswith(f"% {LICENCE}\n")


def test_latex_sets_no_space_behind_a_comma_and_breaks_no_percentage():
    page = render(text("stated", "sentence"), "tex", parted=False)
    assert "4{,}358{,}144 parameters" in page and r"0.197~\% of" in page


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="NOT CHECKED: there is no pdflatex here")
@pytest.mark.parametrize("parted", [False, True])
@pytest.mark.parametrize("made", [*(text(*each) for each in EVERY), HARD])
def test_latex_compiles_and_says_all_of_it(made, parted, tmp_path):
    """With what it cites, in the plainest of documents; no letter is missing in the fonts."""
    (tmp_path / "a.tex").write_text(PAGE % render(made, "tex", parted), encoding="utf-8")
    if made is not HARD:
        (tmp_path / "refs.bib").write_text(cited(made.cited), encoding="utf-8")
    commands = [["bibtex", "a"]] * (made is not HARD and bool(shutil.which("bibtex")))
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    for command in [latex, *commands, latex, latex]:
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, errors="replace"
        )
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Warning--" not in done.stdout
    log = (tmp_path / "a.log").read_text(encoding="utf-8", errors="replace")
    assert "Missing character" not in log
    assert made is HARD or not re.search(r"Overfull \\hbox \((?:[4-9]\d|\d{3})", log)
    assert "undefined" not in log or not commands, log[-2000:]


@pytest.mark.parametrize(("of", "length"), EVERY)
def test_what_is_cited_has_an_entry(of, length):
    made = text(of, length)
    found = cited(made.cited)
    assert re.findall(r"^@\w+\{([^,]+),", found, re.MULTILINE) == made.cited
    assert found.count("{") == found.count("}")
    assert all(key in entries() for key in made.cited)


def test_what_is_not_there_cannot_be_cited():
    from paper_repro.errors import UserError

    with pytest.raises(UserError, match="do not hold"):
        cited(["wang2024qwen2vl", "nobody1999"])
