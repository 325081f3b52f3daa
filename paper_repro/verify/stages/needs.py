"""What a stage needs: libraries, and room for temporary files."""

from __future__ import annotations

import importlib
import shutil
from tempfile import gettempdir

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


def need_room(stage: Stage, size: int) -> None:
    """Look for ``size`` bytes where temporary files go, before any is written.

    Raises:
        StageUnavailable: when there is no such folder, or less room in it.
    """
    command = f"TMPDIR=FOLDER python -m paper_repro verify --stage {stage}"
    try:
        free = shutil.disk_usage(gettempdir()).free
    except OSError as error:
        raise StageUnavailable(f"no temporary folder can be written: {error}", command) from None
    if free < size:
        raise StageUnavailable(
            f"{gettempdir()} has {free / 1e9:.2f} GB free of the {size / 1e9:.2f} GB needed",
            command,
        )
