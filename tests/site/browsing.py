"""What the tests of the site share: where Chromium is, and what no page may do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("PAPER_REPRO_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def site(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    """``python -m paper_repro.site`` on a checkout, from arithmetic evidence."""
    arguments = ["-m", "paper_repro.site", command, "--root", str(root), "--stage", "arithmetic"]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


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


def bad(message: Any) -> bool:
    """Whether a console's message is of something amiss."""
    return message.type in ("error", "warning")


def remote(request: Any) -> bool:
    """Whether a page asks another host for something."""
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1")
    return not request.url.startswith(local)


WIDTH = "document.documentElement.scrollWidth"


def visits(browser: Any, pages: list[Path], size: str, scheme: str) -> Iterator[tuple[Path, Any]]:
    """Each page, loaded quietly, no wider than the window, nor when that takes the other size."""
    from playwright.sync_api import TimeoutError

    (width, height), (other, _) = SIZES[size], next(SIZES[name] for name in SIZES if name != size)
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text) if bad(message) else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("request", lambda request: said.append(request.url) if remote(request) else None)
    for path in pages:
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="load")
        assert page.evaluate(WIDTH) <= width, path.name
        yield path, page
        page.set_viewport_size({"width": other, "height": height})
        with suppress(TimeoutError):  # what slides aside is wide for a moment
            page.wait_for_function(f"{WIDTH} <= {other}", timeout=2000)
        assert page.evaluate(WIDTH) <= other, f"{path.name}, turned"
        assert said == [], path.name
        page.close()
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
"""What text of a page stands out too little from its ground."""
