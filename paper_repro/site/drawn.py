"""Figures that matplotlib draws, for use inside a page."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory


def drawn(draw: Callable[[Path], None], label: str) -> str:
    """The figure that ``draw`` writes to an SVG file of that path, as a page holds it.

    Args:
        label: what it shows, for readers who do not see it.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "figure.svg"
        draw(path)
        svg = path.read_text(encoding="utf-8")
    inner = svg[svg.index("<svg") :].strip()
    return f'<figure class="figure drawn" role="img" aria-label="{escape(label)}">{inner}</figure>'
