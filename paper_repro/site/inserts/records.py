"""Reports of runs on hardware that the site's build does not have, kept in ``docs/records``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from paper_repro.verify.report.markdown import escape, table
from paper_repro.verify.result import Report

AT_TRUE_SIZE = "true size"
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def earlier_run(said: str) -> str:
    """A box that says where figures come from which this build did not measure."""
    return f'!!! note "From an earlier run"\n\n    {said}'


def named(versions: Mapping[str, str]) -> str:
    """The libraries that matter, each with its version."""
    return ", ".join(f"{name} {versions[name]}" for name in LIBRARIES if name in versions)


def gpu_records(folder: Path) -> str:
    """What each record of the gpu stage measured, with when, where and with which versions.

    Args:
        folder: holds reports as ``verify --stage gpu --format json`` writes them.
    """
    return "\n\n".join(_record(path) for path in sorted(folder.glob("*.json")))


def _record(path: Path) -> str:
    report = Report.model_validate_json(path.read_text(encoding="utf-8"))
    banner = earlier_run(
        f"Measured on {report.run['finished'][:10]} with {named(report.run)}, Python "
        f"{report.run['python']}. The whole report is [`{path.name}`](records/{path.name}). "
        "To repeat it on a card of your own: `python -m paper_repro verify --stage gpu`."
    )
    measured: dict[str, list[str]] = {}
    for claim in report.claims:
        if "gpu" in claim.stages:
            formula = claim.formula[claim.formula.index(AT_TRUE_SIZE) :]
            link = f"{claim.verdict}: [{escape(claim.id)}](claims.md#{claim.id})"
            measured.setdefault(formula, []).append(link)
    rows = ((escape(formula), "<br>".join(links)) for formula, links in measured.items())
    return f"{banner}\n\n{table(('measured', 'decides'), rows)}"
