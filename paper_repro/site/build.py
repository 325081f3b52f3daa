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
from paper_repro.site.bench import bench_part
from paper_repro.site.calibration import calibration_part
from paper_repro.site.claims import BANNER, claims_pages, coverage_page, inserts, verified
from paper_repro.site.commands import commands_page
from paper_repro.site.cpu_steps import cpu_steps_part
from paper_repro.site.figures import inline
from paper_repro.site.full_size import full_size_part
from paper_repro.site.hours import hours_part
from paper_repro.site.literate import render
from paper_repro.site.manuscripts import error_rate_part, rules_part
from paper_repro.site.manuscripts import speed_part as manuscript_speed_part
from paper_repro.site.methods import methods_parts
from paper_repro.site.miniature import miniature_part
from paper_repro.site.records import gpu_records
from paper_repro.site.scale_out import scale_out_part
from paper_repro.site.sentences import sentence_parts
from paper_repro.site.speed import speed_part
from paper_repro.site.step_profile import step_profile_part
from paper_repro.site.training import training_part
from paper_repro.study import load_study
from paper_repro.verify.finding import Stage
from paper_repro.verify.result import Report

WRITTEN = "docs"
MEASURED = "benchmarks/records"
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
    shutil.copytree(root / WRITTEN, target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    study = load_study()
    parts = inserts(study, report) | sentence_parts(study, report) | methods_parts(study)
    parts["gpu-records"] = gpu_records(root / WRITTEN / "records")
    parts["miniature"] = miniature_part(root / MEASURED / "miniature.json")
    parts["full-size"] = full_size_part(root / MEASURED / "full-size.json")
    parts["hours"] = hours_part(study)
    parts["calibration"] = calibration_part(study)
    parts["bench"] = bench_part(root / MEASURED)
    parts["training-kinds"] = training_part(study)
    parts["scale-out"] = scale_out_part(root / MEASURED / "scale-out.json")
    parts["cpu-steps"] = cpu_steps_part(root / MEASURED / "cpu-steps.json")
    parts["speed"] = speed_part(root / MEASURED / "speed.json")
    parts["term-rules"] = rules_part()
    parts["error-rate"] = error_rate_part(root / MEASURED / "manuscripts.json")
    parts["manuscript-speed"] = manuscript_speed_part(root / MEASURED / "manuscript-speed.json")
    parts["step-profile"] = step_profile_part(root / MEASURED / "step-profile.json")
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
    made["reference/commands.md"] = BANNER + commands_page(app)
    for script in sorted((root / WRITTEN / "literate").glob("*.py")):
        made[f"literate/{script.stem}.md"] = render(script, root, root / CACHE)
    return made


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
