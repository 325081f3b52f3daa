"""Lay written and generated pages together, and let MkDocs build them strictly.

``stage`` puts all pages into ``build/docs``; ``build`` adds the site; ``stale`` says which staged
pages no longer are what would be generated now. A written page takes a generated part at a line
such as ``<!-- insert: verdicts -->``.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from paper_repro.errors import UserError
from paper_repro.site.calculator import tables as calculator
from paper_repro.site.claims import BANNER, claims_pages, coverage_page, verified
from paper_repro.site.commands import commands_page
from paper_repro.site.figures import inline
from paper_repro.site.inserts.all import inserted
from paper_repro.site.literate.addresses import Addresses, addresses
from paper_repro.site.literate.notebook import as_json
from paper_repro.site.literate.offers import with_offers
from paper_repro.site.literate.render import render_all
from paper_repro.site.social import FILE as SOCIAL
from paper_repro.site.social import draw_social
from paper_repro.study import load_study
from paper_repro.verify.finding import Stage
from paper_repro.verify.result import Report

WRITTEN = "docs"
STAGED = "build/docs"
SITE = "build/site"
CACHE = "build/cache"
INSERT = "<!-- insert: {} -->"


def stage(root: Path, target: Path, stages: Sequence[Stage]) -> None:
    """Fill ``target`` with all pages, written and generated; what it held before is gone.

    Args:
        root: a checkout of the repository.
        target: the folder that becomes the site's source.
        stages: the stages of ``verify`` whose evidence the pages show.
    """
    report = verified(stages, root / CACHE)
    generated = _generated(root, report)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        root / WRITTEN,
        target,
        ignore=shutil.ignore_patterns("theme", "ruff.toml", ".ruff_cache", "__pycache__"),
    )
    draw_social(load_study(), target / SOCIAL)
    parts = inserted(root, report)
    for svg in target.glob("assets/*.svg"):
        parts[svg.name] = f'<figure class="figure">{inline(svg.read_text())}</figure>'
    for path in target.rglob("*.md"):
        path.write_text(_filled(path.read_text(encoding="utf-8"), parts), encoding="utf-8")
    for name, content in generated.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _generated(root: Path, report: Report) -> dict[str, str]:
    from paper_repro.cli import app

    made = claims_pages(report) | {"coverage.md": coverage_page()}
    made[calculator.FILE] = calculator.script()
    made["reference/commands.md"] = BANNER + commands_page(app)
    return made | _literate(root)


def _literate(root: Path) -> dict[str, str]:
    """A page and a notebook for every script."""
    scripts = sorted((root / WRITTEN / "literate").glob("*.py"))
    known, made = addresses_of(root), {}
    for done in render_all(scripts, root, root / CACHE):
        name = done.script.stem
        if done.seconds is not None:
            print(f"rendered {name} in {done.seconds:.0f} s", file=sys.stderr, flush=True)
        made[f"literate/{name}.md"] = with_offers(done.page, name, known.repository)
        made[f"literate/{name}.ipynb"] = as_json(done.script, known)
    return made


def addresses_of(root: Path) -> Addresses:
    """Those that ``mkdocs.yml`` gives, or that follow from it."""
    import yaml

    return addresses(yaml.safe_load((root / "mkdocs.yml").read_text(encoding="utf-8")))


def _filled(page: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        page = page.replace(INSERT.format(name), part)
    return page


def build(root: Path, stages: Sequence[Stage]) -> Path:
    """Build the whole site and return its folder.

    Raises:
        UserError: when this is no checkout, or MkDocs finds anything amiss.
    """
    if not (root / "mkdocs.yml").is_file():
        raise UserError(
            "The site is built from a checkout of the repository.",
            expected="a folder with mkdocs.yml and docs/",
            got=str(root),
            next_command="cd to the repository, then: make docs",
        )
    stage(root, root / STAGED, stages)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=root, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})
    if done.returncode:
        raise UserError(
            "MkDocs did not build the site.",
            expected="no warning under --strict",
            got=f"status {done.returncode}; its messages are above",
            next_command="mend the page, then: make docs",
        )
    return root / SITE


def stale(root: Path, stages: Sequence[Stage]) -> list[str]:
    """Staged pages that differ from what would be staged now, or are missing, or too many."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "docs"
        stage(root, fresh, stages)
        return sorted(_differences(fresh, root / STAGED))


def _differences(left: Path, right: Path) -> set[str]:
    names = {
        str(path.relative_to(folder))
        for folder in (left, right)
        for path in folder.rglob("*")
        if path.is_file()
    }
    same, _, _ = filecmp.cmpfiles(left, right, names, shallow=False)
    return names - set(same)
