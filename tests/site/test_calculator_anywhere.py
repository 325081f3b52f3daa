"""The calculator's page on any screen, under any address, and without scripts."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.site.browsing import CONTRASTS, SIZES
from tests.site.calculator_told import OWN, START, told


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_and_can_be_read(
    browser: Any, calculator_site: Path, scheme: str, size: str
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    opened = context.new_page()
    opened.goto((calculator_site / "calculator.html").as_uri())
    wide = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
    links = ("", f"#base=mistralai/Mistral-7B-v0.1&rank=1024&modules={wide}", f"#base={OWN}&rank=0")
    for given in links:
        opened.evaluate("hash => { location.hash = hash; }", given)
        opened.click("summary") if opened.locator("summary").is_visible() else None
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, given
        low = opened.evaluate(CONTRASTS.replace("article p,", f"{TEXTS}, article p,"))
        assert low == [], f"{given}: {low[:5]}"
    context.close()


TEXTS = ", ".join(f".calculator {tag}" for tag in ("dd b", "dd span", "dt", "button", ".chip span"))


def test_it_works_under_a_path_of_a_server(
    browser: Any, calculator_site: Path, tmp_path: Path
) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "path").symlink_to(calculator_site)
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/some/path/"
        opened = browser.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"{address}calculator.html#base={OWN}&rank=8&modules=q_proj")
        expected = told(START | {"rank": 8, "modules": ["q_proj"]})
        assert opened.inner_text(".calculator .headline").startswith(
            f"{expected['trained']:,} parameters"
        )
        assert all(url.startswith((address, "data:", "blob:")) for url in asked)
        opened.close()
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_without_scripts_it_says_so(browser: Any, calculator_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((calculator_site / "calculator.html").as_uri())
    assert "needs JavaScript" in opened.inner_text(".calculator")
    assert not opened.locator(".calculator form").is_visible()
    context.close()
