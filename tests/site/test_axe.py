"""Every page of the site by axe-core, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PARTS = ["written", pytest.param("python", marks=pytest.mark.slow)]
"""Of the site; the reference of Python is made by mkdocstrings, and large: a sample is enough."""
SAMPLE = "judging"
STILL = "* { transition: none !important }"
DARK = "document.body.setAttribute('data-md-color-scheme', 'slate')"


def _part(path: Path) -> str:
    return "python" if "python" in path.parts and path.stem != SAMPLE else "written"


@pytest.mark.parametrize("part", PARTS)
def test_no_serious_finding_of_axe(browser: Any, pages: list[Path], part: str) -> None:
    """Of axe-core, on each page: by all its rules in light, and of colours in dark."""
    from axe_playwright_python.sync_playwright import Axe

    axe, found = Axe(), []
    context = browser.new_context(color_scheme="light")
    for path in (path for path in pages if _part(path) == part):
        opened = context.new_page()
        opened.goto(path.as_uri(), wait_until="load")
        opened.add_style_tag(content=STILL)
        results = [axe.run(opened).response]
        opened.evaluate(DARK)
        results.append(axe.run(opened, options={"runOnly": ["color-contrast"]}).response)
        found += [
            f"{path.name}: {each['id']}: {each['nodes'][0]['html'][:120]}"
            for result in results
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        opened.close()
    context.close()
    assert found == []
