"""Links of notebooks, which are read anywhere: absolute where the site is known, else words."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from paper_repro.site.literate.addresses import Addresses, addresses
from paper_repro.site.literate.links import standing_alone
from paper_repro.site.literate.notebook import as_json
from tests.documents import scripts

SITE = "https://example.org/docs/"
PAGE = f"{SITE}literate/small.html"
WORDS = st.text("abc *`é\n", min_size=1).filter(str.strip)
RELATIVE = st.from_regex(r"(\.\./)?[a-z0-9-]{1,9}\.md(#[a-z-]{1,9})?|#[a-z-]{1,9}", fullmatch=True)
ABSOLUTE = st.just("https://arxiv.org/abs/2106.09685") | st.just("mailto:me@example.org")


class Targets(HTMLParser):
    """What the Markdown cells of a notebook link to or show."""

    def __init__(self, notebook: str) -> None:
        super().__init__()
        self.found: list[str] = []
        cells = [c for c in json.loads(notebook)["cells"] if c["cell_type"] == "markdown"]
        self.feed(MarkdownIt().render("\n\n".join("".join(cell["source"]) for cell in cells)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


@given(WORDS, WORDS, RELATIVE, WORDS)
def test_a_relative_link_keeps_its_words(before: str, words: str, target: str, after: str) -> None:
    text = f"{before}[{words}]({target}){after}"
    assert standing_alone(text, None) == f"{before}{words}{after}"
    made = standing_alone(text, PAGE)
    assert made.startswith(f"{before}[{words}]({SITE}") and made.endswith(f"){after}")
    assert ".md" not in made and standing_alone(made, PAGE) == made


@given(st.lists(WORDS), ABSOLUTE, st.sampled_from([PAGE, None]))
def test_all_else_stays(prose: list[str], target: str, page: str | None) -> None:
    text = f"{''.join(prose)}[{len(prose)}] (words) [a link]({target})"
    assert standing_alone(text, page) == text


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("../hours.md", "hours.html"),
        ("../checking.md#seven-verdicts", "checking.html#seven-verdicts"),
        ("deriving-18m.md", "literate/deriving-18m.html"),
        ("#above", "literate/small.html#above"),
    ],
)
def test_a_source_becomes_its_page(target: str, address: str) -> None:
    assert standing_alone(f"[here]({target})", PAGE) == f"[here]({SITE}{address})"


def targets(script: Path, site: str | None) -> list[str]:
    """Those of a script's notebook."""
    return Targets(as_json(script, Addresses(None, site))).found


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.stem)
def test_no_notebook_has_a_relative_link(script: Path) -> None:
    assert [target for target in targets(script, SITE) if not target.startswith(SITE)] == []
    assert targets(script, None) == []


def test_they_lead_to_pages_that_are_there(root: Path) -> None:
    site = root / "build" / "site"
    found = {target for script in scripts() for target in targets(script, SITE)}
    assert len(found) > 5
    for target in found:
        assert (site / urlsplit(target).path.removeprefix("/docs/")).is_file(), target
    for notebook in (site / "literate").glob("*.ipynb"):
        assert all(urlsplit(target).scheme for target in Targets(notebook.read_text()).found)


def test_the_site_is_where_the_settings_say_or_where_github_serves_it() -> None:
    on_github = {"repo_url": "https://github.com/somebody/paper_repro.git"}
    assert addresses({}) == Addresses()
    assert addresses({"repo_url": "https://gitlab.com/a/b"}).site is None
    assert addresses(on_github).site == "https://somebody.github.io/paper_repro/"
    for site in (SITE, SITE.removesuffix("/")):
        assert addresses(on_github | {"site_url": site}).site == SITE
    assert addresses(on_github).repository == on_github["repo_url"]
