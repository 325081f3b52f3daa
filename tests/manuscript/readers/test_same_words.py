"""The same words are read from each format that has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from paper_repro.manuscript.readers import html, latex, markdown, plain
from paper_repro.writing.formats import LICENCE, render, words_of
from tests.manuscript.readers.reading import everything
from tests.writing.texts import EVERY, text

READERS = {"md": markdown, "tex": latex, "html": html, "txt": plain}
CITED = re.compile(r"\[[^\[\]]*20\d\d[^\[\]]*\]|\[cite\]")
ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def squeezed(words):
    return "".join(CITED.sub("", words).split())


def said(reader, source):
    return [passage.text for passage in reader.passages(source, everything)]


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("made", [text(*each) for each in EVERY])
def test_a_methods_text_in_every_format(form, made):
    read = [words for words in said(READERS[form], render(made, form, False)) if words != LICENCE]
    assert squeezed("".join(read)) == squeezed(words_of(made))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_markdown_says_what_its_page_says(page):
    source = re.sub(r"\A---\n.*?\n---\n|[$@]", "", page.read_text(encoding="utf-8"), flags=re.S)
    written = MarkdownIt("commonmark").enable("table").use(footnote_plugin).render(source)
    assert said(markdown, source) == said(html, written)
