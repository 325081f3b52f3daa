"""What a stage needs to be installed."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from paper_repro.quiet import captured
from paper_repro.verify.finding import Stage, StageUnavailable


def need(stage: Stage, *packages: str) -> None:
    """Import packages, their words kept off the terminal.

    Raises:
        StageUnavailable: when one is not installed.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise StageUnavailable(
            f"stage {stage} needs {', '.join(missing)}, which is not installed",
            f"pip install paper-repro && python -m paper_repro verify --stage {stage}",
        )
    with captured():
        for name in packages:
            importlib.import_module(name)
