"""The site as readers get it: built strictly, read offline, every part of it present."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import typer

from paper_repro.cli import app
from paper_repro.site.figures import levels
from paper_repro.site.inserts.methods import FORMATS
from paper_repro.site.inserts.sentences import examples
from paper_repro.study import load_study
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_variant
from paper_repro.writing.formats import render
from paper_repro.writing.text import LENGTHS
from tests.site.browsing import ROOT, Document, site


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
