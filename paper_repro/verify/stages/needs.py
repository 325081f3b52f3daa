"""What a stage needs to be installed."""

from __future__ import annotations

import importlib

from paper_repro.quiet import captured
from paper_repro.verify.finding import Stage, StageUnavailable


def need(stage: Stage, *packages: str) -> None:
    """Import packages, their words kept off the terminal.

    Raises:
        StageUnavailable: when one is not installed, or cannot be imported.
    """
    try:
        with captured():
            for name in packages:
                importlib.import_module(name)
    except ImportError as error:
        raise StageUnavailable(
            f"stage {stage} needs {', '.join(packages)}: {error}",
            f"pip install paper-repro && python -m paper_repro verify --stage {stage}",
        ) from None
