"""The HTML report: whole, well-formed, needs no network, readable in both themes and on a phone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from paper_repro.judging import Verdict
from paper_repro.verify.report import render
from paper_repro.verify.report.html import TEMPLATES, segments
from paper_repro.verify.report.style import LOOKS
from tests.verify.sample_report import ALL, CLAIMS, claim, sample_report

VOID = {"meta", "link", "br", "input"}
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Page(HTMLParser):
    """Elements, attributes and text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(ALL, "html"))


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_every_quote_stands_word_for_word(page: Page) -> None:
    for one in CLAIMS:
        assert one.quote in page.text, one.id
        for part in (one.place, one.consequence, one.reason, one.command):
            assert part in page.text


def test_it_needs_nothing_else(page: Page) -> None:
    addresses = [*page.values("href"), *page.values("src")]
    assert addresses and all(address.startswith(("#", "data:")) for address in addresses)
    assert not re.search(r"@import|url\(|fetch\(|https?://(?!www\.w3\.org)", render(ALL, "html"))


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = [href[1:] for href in page.values("href") if href.startswith("#")]
    assert set(targets) <= set(ids)
    for name in ("aria-labelledby", "for"):
        assert set(page.values(name)) <= set(ids)


def test_landmarks_headers_and_labels(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert {"header", "main", "footer", "h1"} <= set(tags)
    assert tags.count("h1") == tags.count("main") == 1
    assert all("scope" in attrs for tag, attrs in page.elements if tag == "th")
    assert ("html", {"lang": "en"}) in page.elements
    labelled = set(page.values("for"))
    for tag, attrs in page.elements:
        assert tag != "input" or attrs["id"] in labelled


def test_hostile_text_is_escaped() -> None:
    attack = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'`"
    odd = claim(
        "L1.odd",
        attack,
        attack,
        "contradicted",
        printed=attack,
        found_text=attack,
        formula=attack,
        explanation=f"`{attack}",
        reconciles=[attack],
        consequence=attack,
    )
    page = Page(render(sample_report([odd], machine=attack), "html"))
    assert page.open == []
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "img" not in [tag for tag, _ in page.elements]
    assert page.text.count(attack) >= 6


def test_segments_fill_the_bar() -> None:
    parts = segments(ALL.summary)
    assert sum(part.claims for part in parts) == len(CLAIMS)
    assert sum(part.width for part in parts) == pytest.approx(100)
    for before, after in pairwise(parts):
        assert after.start == pytest.approx(before.start + before.width)
    assert segments({}) == []


def test_a_report_without_claims_is_drawn() -> None:
    assert Page(render(sample_report([]), "html")).open == []


def test_only_the_run_differs_between_runs() -> None:
    assert "This run" not in render(sample_report(), "html")
    first, second = (render(sample_report(seconds=s), "html") for s in ("1.0", "2.0"))
    differing = [a for a, b in zip(first.splitlines(), second.splitlines(), strict=True) if a != b]
    assert differing == ["  <p>This run: seconds 1.0.</p>"]


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes() -> Iterator[dict[str, str]]:
    style = (TEMPLATES / "report.css.j2").read_text(encoding="utf-8")
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]:
        yield dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))


def test_every_text_has_a_contrast_of_at_least_four_and_a_half() -> None:
    light, dark = themes()
    for theme, inks in (
        (light, [look.light for look in LOOKS.values()]),
        (dark, [look.dark for look in LOOKS.values()]),
    ):
        for text, ground in product(("ink", "soft", "link"), ("page", "card")):
            assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)
        for ink in inks:
            for ground in (ink.tint, theme["page"], theme["card"]):
                assert contrast(ink.text, ground) >= 4.5, (ink, ground)


def test_no_two_verdicts_share_a_symbol_or_word() -> None:
    assert set(LOOKS) == set(Verdict)
    assert len({look.symbol for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.slug for look in LOOKS.values()}) == len(LOOKS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_in_a_browser(browser: Any, tmp_path: Path, javascript: bool) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(ALL, "html"), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=javascript
    )
    view = context.new_page()
    troubles: list[str] = []
    view.on("console", lambda message: troubles.append(message.text))
    view.on("pageerror", lambda error: troubles.append(str(error)))
    view.on("request", lambda request: troubles.append(request.url))
    view.goto(f"file://{file}#L1.frozen")
    assert [t for t in troubles if not t.startswith(("file:", "data:"))] == []
    if javascript:
        assert view.locator("details[open]").count() == 1
        view.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert view.evaluate("document.documentElement.scrollWidth") <= 360
        view.fill("#search", "32,571,392 notebook")
        assert 0 < view.locator(".claim:visible").count() < 6
        assert "shown" in view.text_content("#shown")
        view.fill("#search", "")
    view.focus("#verdict-all")
    while not view.locator("#verdict-contradicted").is_checked():
        view.keyboard.press("ArrowRight")
    wrong = [one.id for one in CLAIMS if one.verdict is Verdict.CONTRADICTED]
    assert [card.get_attribute("id") for card in view.locator(".claim:visible").all()] == wrong
    view.locator("label[for=level-1]").click()
    visible = [card.get_attribute("id") for card in view.locator(".claim:visible").all()]
    assert visible == [id for id in wrong if id.startswith("L1.")]
    context.close()
