"""The look that figures of hours share: transparent, in colours for white and for black pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BLUE, AMBER, TEAL, GREY = "#2f7ed8", "#c9730a", "#0f9d8c", "#808890"
"""Each can be read on white and on black."""


def style(salt: str) -> dict[Any, Any]:
    """Settings for ``matplotlib.rc_context``.

    Args:
        salt: of an SVG's ids, another one for every figure, so that a page may hold several.
    """
    places = ("text.", "axes.edge", "axes.label", "xtick.", "ytick.", "axes.title")
    return {
        "font.size": 11,
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "savefig.transparent": True,
        **{f"{place}color": GREY for place in places},
    }


def write(figure: Any, path: Path) -> None:
    """Save a figure, SVG or PNG by its name, the same bytes every time."""
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
