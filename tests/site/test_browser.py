"""The site in a real browser: quiet, in both schemes, at two sizes, offline."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from paper_repro.study import load_study
from tests.site.browsing import CONTRASTS, SIZES, visits


def test_every_page_loads_quietly_and_fits(browser: Any, pages: list[Path]) -> None:
    """On a phone in dark; ``test_axe`` loads them on a desktop in light."""
    assert [path for path, _ in visits(browser, pages, "phone", "dark")] == pages


def test_a_table_of_numbers_is_seen_whole_on_a_phone(page: Any, root: Path) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    page.goto(address(root, "literate/share"))
    heads = page.locator("article table:has(th:text-is('percent of')) th")
    assert [head.partition(",")[0] for head in heads.all_inner_texts()[1:]] == [
        variant.id for variant in load_study().variants
    ]
    last = heads.last.bounding_box()
    assert last["x"] + last["width"] <= SIZES["phone"][0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_page(browser: Any, root: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for name in ("index.html", "claims.html", "methods.html", "literate/deriving-18m.html"):
        page.goto((root / "build" / "site" / name).as_uri())
        low = page.evaluate(CONTRASTS)
        assert low == [], f"{name}, {scheme}: {low[:5]}"
    context.close()


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


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def address(root: Path, name: str) -> str:
    return (root / "build" / "site" / f"{name}.html").as_uri()


def test_filters_show_claims_of_the_chosen_verdicts(page: Any, root: Path) -> None:
    page.goto(address(root, "claims"))
    every = len(load_study().claims)
    shown = page.locator("article table tbody tr:visible td:nth-child(5)")
    status = page.get_by_role("status")
    buttons = page.get_by_role("group", name="Show claims by verdict").get_by_role("button")
    verdicts = len(set(shown.all_inner_texts()))
    assert buttons.count() == verdicts > 2
    assert f"{every} of {every} claims" in status.inner_text()
    for place in range(verdicts):
        button = buttons.nth(place)
        label, _, count = button.inner_text().rpartition(" ")
        button.focus()
        page.keyboard.press("Space")
        assert button.get_attribute("aria-pressed") == "true"
        assert f"{count} of {every} claims" in status.inner_text()
        rows = page.locator("article table:has(th:text-is('evidence')) tbody tr:visible")
        assert rows.count() == int(count)
        assert set(rows.locator("td:nth-child(5)").all_inner_texts()) == {label}
        assert page.locator("article h3:visible").count() == int(count)
        button.click()
    assert f"{every} of {every} claims" in status.inner_text()


def test_a_link_to_a_claim_that_is_filtered_out_shows_it(page: Any, root: Path) -> None:
    page.goto(address(root, "claims"))
    group = page.get_by_role("group", name="Show claims by verdict")
    group.get_by_role("button", name="contradicted").click()
    hidden = page.locator("article h3", has_text="L0.frozen.count")
    assert hidden.is_hidden()
    page.evaluate("location.hash = 'L0.frozen.count'")
    hidden.wait_for(state="visible")
    assert group.locator("[aria-pressed=true]").count() == 0


@pytest.mark.parametrize("name", ["cite", "methods", "index"])
def test_copy_buttons_copy(page: Any, root: Path, name: str) -> None:
    page.goto(address(root, name))
    blocks = page.locator("article pre:visible")
    assert blocks.count() > 0
    for place in range(min(blocks.count(), 4)):
        block = blocks.nth(place)
        block.hover()
        block.locator("xpath=..").locator("[data-md-type=copy], .md-clipboard").first.click()
        page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == block.locator("code").inner_text().strip()


def test_the_keyboard_reaches_all_that_can_be_used(page: Any, root: Path) -> None:
    page.goto(address(root, "index"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 300)"))
    assert any("md-search__input" in each for each in reached)
    assert any("md-button" in each for each in reached)


def test_it_works_beneath_a_path(page: Any, root: Path, tmp_path: Path) -> None:
    """Over HTTP, in a folder of a host: pages, search and scripts."""
    (tmp_path / "some" / "where").mkdir(parents=True)
    (tmp_path / "some" / "where" / "site").symlink_to(root / "build" / "site")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        missing: list[str] = []
        page.on("response", lambda got: missing.append(got.url) if got.status >= 400 else None)
        page.goto(f"http://127.0.0.1:{server.server_port}/some/where/site/claims.html")
        page.click(".md-search__input")
        page.keyboard.type("denominator", delay=20)
        page.wait_for_selector(".md-search-result__link", timeout=15000)
        page.locator(".md-search-result__link").first.click()
        page.wait_for_load_state("load")
        assert "/some/where/site/" in page.url
        server.shutdown()
    assert missing == []
