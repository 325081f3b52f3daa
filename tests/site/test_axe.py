"""Every page of the site by axe-core, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.site.browsing import visits

SAMPLE = "judging"
"""Of the reference of Python, which mkdocstrings makes, and which is large."""
STILL = "* { transition: none !important }"
DARK = "document.body.setAttribute('data-md-color-scheme', 'slate')"
ASKED = {"resultTypes": ["violations"], "preload": False}
"""What is in order is not told; style sheets are not fetched again, which no file may."""
PARTS = ["written", pytest.param("python", marks=pytest.mark.slow)]


def _part(path: Path) -> str:
    return "python" if "python" in path.parts and path.stem != SAMPLE else "written"


@pytest.mark.parametrize("part", PARTS)
def test_no_serious_finding_of_axe(browser: Any, pages: list[Path], part: str) -> None:
    """Of axe-core: by all its rules in light, and of colours in dark; every page is loaded."""
    from axe_playwright_python.sync_playwright import Axe

    axe, found = Axe(), []
    for path, opened in visits(browser, pages, "desktop", "light"):
        if _part(path) != part:
            continue
        opened.add_style_tag(content=STILL)
        results = [axe.run(opened, options=ASKED).response]
        opened.evaluate(DARK)
        results.append(axe.run(opened, options=ASKED | {"runOnly": ["color-contrast"]}).response)
        found += [
            f"{path.name}: {each['id']}: {each['nodes'][0]['html'][:120]}"
            for result in results
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert found == []
