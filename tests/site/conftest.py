"""The site as readers get it, and a browser to read it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from paper_repro.site.build import INSERT
from paper_repro.site.calculator.form import calculator_part
from paper_repro.site.calculator.tables import FILE, script
from tests.site.browsing import CHROMIUM, ROOT, bad, remote, site


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of its own, with the site built from arithmetic evidence.

    What takes long is kept in the repository's own ``build/cache``, by checksum; of two processes
    the second waits for the first.
    """
    folder = tmp_path_factory.mktemp("checkout")
    kept = ROOT / "build" / "cache"
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "build").mkdir()
    (folder / "build" / "cache").symlink_to(kept)
    shutil.copy(ROOT / "CITATION.cff", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "benchmarks" / "records", folder / "benchmarks" / "records")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / "paper_repro").symlink_to(ROOT / "paper_repro")
    with FileLock(kept / "lock"):
        done = site("build", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


@pytest.fixture(scope="session")
def pages(root: Path) -> list[Path]:
    """All but ``404.html``, whose addresses are a web server's."""
    found = sorted((root / "build" / "site").rglob("*.html"))
    assert len(found) > 10
    return [path for path in found if path.name != "404.html"]


@pytest.fixture(scope="session")
def calculator_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as the site's own theme and settings make it, beside empty ones that it links to."""
    root = tmp_path_factory.mktemp("calculator")
    docs = root / "docs"
    shutil.copytree(ROOT / "docs" / "assets", docs / "assets")
    shutil.copytree(ROOT / "docs" / "theme", docs / "theme")
    (docs / FILE).write_text(script(), encoding="utf-8")
    page = (ROOT / "docs" / "calculator.md").read_text(encoding="utf-8")
    assert INSERT.format("calculator") in page
    filled = page.replace(INSERT.format("calculator"), calculator_part())
    (docs / "calculator.md").write_text(filled, encoding="utf-8")
    for name in ("index", "hours", "methods", "manuscripts"):
        (docs / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    (docs / "literate").mkdir()
    share = "# share\n\n## The document's own division\n"
    (docs / "literate" / "share.md").write_text(share, encoding="utf-8")
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    names = ("index", "calculator", "hours", "methods", "manuscripts")
    settings |= {"docs_dir": "docs", "site_dir": "site", "plugins": ["search", "offline"]}
    settings |= {"nav": [*(f"{name}.md" for name in names), "literate/share.md"]}
    (root / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return root / "site"


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


@pytest.fixture
def calculator(browser: Any, calculator_site: Path) -> Iterator[Any]:
    """The page, which must stay quiet and ask for nothing from elsewhere."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text) if bad(message) else None)
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on("request", lambda asked: said.append(asked.url) if remote(asked) else None)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.goto((calculator_site / "calculator.html").as_uri())
    yield opened
    context.close()
    assert said == []
