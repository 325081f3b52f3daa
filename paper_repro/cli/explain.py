"""``explain``: which configurations print as a given count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain(
    printed: Annotated[str, typer.Argument(help="The count as printed, such as 18M.")],
    percent: Annotated[
        str | None, typer.Option(help="The percentage printed beside it, such as 0.9.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Hub name, or a folder with config.json.")
    ] = "Qwen/Qwen2-VL-2B-Instruct",
    study: Annotated[
        Path | None, typer.Option(help="Study whose stacks are tried too. Default: built in.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every rank, set of modules and denominator whose value prints so."""


