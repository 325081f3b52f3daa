"""The site as readers get it: built strictly, read offline, looked at in a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer

from paper_repro.cli import app
from paper_repro.site.figures import levels
from paper_repro.site.methods import FORMATS
from paper_repro.site.sentences import examples
from paper_repro.study import load_study
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.formats import render
from paper_repro.writing.text import LENGTHS

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("PAPER_REPRO_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def site(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    arguments = ["-m", "paper_repro.site", command, "--root", str(root), "--stage", "arithmetic"]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of its own, with the site built from arithmetic evidence."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "benchmarks" / "records", folder / "benchmarks" / "records")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / "paper_repro").symlink_to(ROOT / "paper_repro")
    done = site("build", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(root: Path) -> list[Path]:
    """All but ``404.html``, whose addresses are a web server's."""
    found = sorted((root / "build" / "site").rglob("*.html"))
    assert len(found) > 10
    return [path for path in found if path.name != "404.html"]


class Document(HTMLParser):
    """The ids, and what a browser would fetch."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        links = given.get("rel") in ("canonical", "prev", "next")
        if tag in ("script", "img", "iframe", "source", "link") and not links:
            self.fetched += [given[name] for name in ("src", "href") if name in given]


def test_every_claim_has_its_permanent_anchor(root: Path) -> None:
    ids = Document(root / "build" / "site" / "claims.html").ids
    assert {claim.id for claim in load_study().claims} <= ids


def test_every_line_of_the_coverage_is_there(root: Path) -> None:
    page = (root / "build" / "docs" / "coverage.md").read_text(encoding="utf-8")
    lines = (ROOT / "paper_repro/study/pitvqa/source-document.md").read_text().splitlines()
    speaking = {n for n, line in enumerate(lines, 1) if re.search(r"\w", line.strip("`"))}
    listed = {int(n) for n in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)}
    languages = {n for n, line in enumerate(lines, 1) if line.startswith("```")}
    assert listed >= speaking - languages


def test_every_command_and_option_is_documented(root: Path) -> None:
    page = (root / "build" / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    group = typer.main.get_group(app)
    for name, command in group.commands.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert command.help and command.help.splitlines()[0] in section
        assert "python -m paper_repro" in section
        for parameter in command.params:
            rows = [row for row in section.splitlines() if parameter.opts[0] in row]
            assert rows, f"{name} {parameter.name} is not in the reference"
            assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


class Wrapped(HTMLParser):
    """What the blocks hold that a reader is to copy."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.inside = self.code = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or "wrapped" in (dict(attrs).get("class") or "").split()
        if self.inside and tag == "code":
            self.code = True
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if self.code and tag == "code":
            self.inside = self.code = False

    def handle_data(self, data: str) -> None:
        if self.code:
            self.blocks[-1] += data


def test_texts_to_copy_come_out_of_the_page_as_the_package_writes_them(root: Path) -> None:
    study, found = load_study(), Wrapped(root / "build" / "site" / "methods.html").blocks
    texts = [
        render(compose(of_variant(study, variant), length), form, length == "supplement")
        for variant in study.variants
        for length in LENGTHS
        for form in FORMATS
    ]
    quoted = [f"{example.words}\n" for example in examples(study)]
    assert found == [*quoted, *texts]


def test_nothing_is_fetched_from_elsewhere(pages: list[Path]) -> None:
    for page in pages:
        outside = [url for url in Document(page).fetched if re.match(r"(https?:)?//", url)]
        assert outside == [], f"{page.name} fetches {outside}"


def test_no_marker_is_left(pages: list[Path]) -> None:
    assert [page for page in pages if "insert:" in page.read_text(encoding="utf-8")] == []


def test_the_committed_figure_is_what_the_code_draws() -> None:
    drawn = levels(load_study()).svg()
    committed = (ROOT / "docs" / "assets" / "levels.svg").read_text(encoding="utf-8")
    assert committed == drawn, "renew it: python -m paper_repro.site figures"


def test_check_names_what_is_out_of_date(root: Path) -> None:
    def outdated() -> list[str]:
        done = site("check", root)
        found = re.findall(r"out of date: (\S+)", done.stdout)
        assert done.returncode == (1 if found else 0), done.stderr
        return found

    assert outdated() == []
    page, staged = root / "docs" / "cite.md", root / "build" / "docs" / "errata.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(before + "\nMore.\n", encoding="utf-8")
    moved = staged.rename(staged.with_name("old.md"))
    assert outdated() == ["cite.md", "errata.md", "old.md"]
    moved.rename(staged)
    page.write_text(before, encoding="utf-8")


def test_a_broken_link_stops_the_build(root: Path, tmp_path: Path) -> None:
    broken = tmp_path / "checkout"
    shutil.copytree(root, broken, symlinks=True)
    with (broken / "docs" / "cite.md").open("a", encoding="utf-8") as page:
        page.write("\n[gone](claims.md#L9.nowhere)\n")
    done = site("build", broken)
    assert done.returncode == 2
    assert "L9.nowhere" in done.stdout + done.stderr
    assert "mend the page" in done.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip(
            "NOT CHECKED: the site in a browser, because no Chromium was found; "
            "use: make system-packages test"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_loads_quietly_and_fits(
    browser: Any, pages: list[Path], scheme: str, size: str
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text) if bad(message) else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("request", lambda request: said.append(request.url) if remote(request) else None)
    for path in pages:
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="load")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert said == [], path.name
        assert wide <= width, f"{path.name} is {wide} pixels wide"
        page.close()
    context.close()


def bad(message: Any) -> bool:
    return message.type in ("error", "warning")


def remote(request: Any) -> bool:
    return not request.url.startswith(("file:", "data:", "blob:", "about:"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_page(browser: Any, root: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for name in ("index.html", "claims.html", "methods.html", "literate/deriving-18m.html"):
        page.goto((root / "build" / "site" / name).as_uri())
        low = page.evaluate(CONTRASTS)
        assert low == [], f"{name}, {scheme}: {low[:5]}"
    context.close()


CONTRASTS = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a));
  };
  const behind = e => {
    const own = parse(getComputedStyle(e).backgroundColor);
    const opaque = own.length < 4 || own[3] === 1;
    if (opaque) return own.slice(0, 3);
    return over(own, e.parentElement ? behind(e.parentElement) : [255, 255, 255]);
  };
  const found = [];
  const wanted = 'article p, article li, article td, article th, article a, figure text';
  for (const e of document.querySelectorAll(wanted)) {
    if (!e.textContent.trim() || e.classList.contains('headerlink')) continue;
    const style = getComputedStyle(e);
    const ground = behind(e.closest('figure') || e);
    const ink = over(parse(e.closest('svg') ? style.fill : style.color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(e.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return found;
}"""


def test_search_finds_without_a_network(browser: Any, root: Path) -> None:
    context = browser.new_context()
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    page.goto((root / "build" / "site" / "index.html").as_uri())
    page.click(".md-search__input")
    page.keyboard.type("denominator", delay=20)
    page.wait_for_selector(".md-search-result__link", timeout=15000)
    found = page.locator(".md-search-result__link").evaluate_all("links => links.map(a => a.href)")
    assert any("checking.html" in link for link in found)
    assert [url for url in requests if url.startswith("http")] == []
    context.close()
