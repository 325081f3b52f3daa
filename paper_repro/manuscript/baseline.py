"""A baseline: findings that are known and are not to be told again.

A finding is known by its file, rule and words, wherever in the file it stands; one that occurs
twice must be listed twice. Files are named as they are seen from the baseline's folder.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from paper_repro import whole
from paper_repro.errors import UserError
from paper_repro.manuscript.finding import Finding

SCHEMA = "paper_repro.baseline/1"
_NAMES = ("path", "rule", "text")
Mark = tuple[str, ...]


def write(findings: Iterable[Finding], path: Path) -> int:
    """Write what is known from now on; notes are left out.

    Returns:
        How many findings it holds.
    """
    marks = [_mark(finding, path) for finding in findings if finding.severity != "note"]
    entries = [dict(zip(_NAMES, mark, strict=True)) for mark in marks]
    text = json.dumps({"schema": SCHEMA, "findings": entries}, indent=2, ensure_ascii=False)
    whole.write(text + "\n", path)
    return len(entries)


def read(path: Path) -> Counter[Mark]:
    """How often each finding is known.

    Raises:
        UserError: it cannot be read, or is no baseline.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        if given["schema"] != SCHEMA:
            raise KeyError(given["schema"])
        return Counter(tuple(str(entry[name]) for name in _NAMES) for entry in given["findings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            "The baseline cannot be read.",
            expected=f"a file of schema {SCHEMA}",
            got=f"{path}: {type(error).__name__} {error}",
            next_command=f"python -m paper_repro check paper.md --write-baseline {path}",
        ) from None


def unknown(findings: Iterable[Finding], known: Counter[Mark], path: Path) -> list[Finding]:
    """The findings that a baseline does not hold.

    Args:
        known: what it holds.
        path: where it is.
    """
    left = Counter(known)
    new = []
    for finding in findings:
        mark = _mark(finding, path)
        if finding.severity != "note" and left[mark] > 0:
            left[mark] -= 1
        else:
            new.append(finding)
    return new


def _mark(finding: Finding, baseline: Path) -> Mark:
    seen = Path(os.path.relpath(Path(finding.path).resolve(), baseline.resolve().parent))
    return seen.as_posix(), finding.rule, finding.text
