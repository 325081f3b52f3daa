"""Figures drawn by code, as SVG that suits a light and a dark page.

Text and lines take the page's own text colour; fills are translucent. As a file of its own, a
figure brings a style that follows the reader's colour scheme; ``inline`` drops that style.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters
from paper_repro.judging.verdict import compare
from paper_repro.study import Study
from paper_repro.verify.report.style import labelled

WIDTH = 540
TEAL, AMBER, GREY = "#12a594", "#e5850b", "#8a8f98"
_STYLE = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6e8eb}}</style>"
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"


@dataclass(frozen=True)
class Figure:
    """An SVG with a title and a description for readers who do not see it."""

    title: str
    description: str
    height: int
    body: str

    def svg(self) -> str:
        """The figure as a file of its own."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
            f'role="img" font-family="{_FONT}" font-size="14" fill="currentColor">'
            f"<title>{escape(self.title)}</title><desc>{escape(self.description)}</desc>"
            f"{_STYLE}{self.body}</svg>\n"
        )

    def _repr_html_(self) -> str:
        return f'<figure class="figure">{inline(self.svg())}</figure>'


def inline(svg: str) -> str:
    """The SVG for use inside a page, whose own colours it then takes."""
    return re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL).strip()


def text(x: float, y: float, words: str, **attributes: str) -> str:
    """A line of text; attribute names with ``_`` for ``-``."""
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(words)}</text>'


def bars(
    title: str, rows: Sequence[tuple[str, int]], band: tuple[float, float], band_label: str
) -> Figure:
    """Horizontal bars with a band across them.

    Args:
        title: what the figure shows.
        rows: label and value of every bar; values inside the band are drawn in colour.
        band: the interval, in the unit of the values.
        band_label: what the interval is.
    """
    left, right, row, top = 12, 110, 52, 30
    scale = (WIDTH - left - right) / max(value for _, value in rows)
    low, high = (left + edge * scale for edge in band)
    height = top + row * len(rows) + 6
    shapes, words = (
        [],
        [text((low + high) / 2, 16, band_label, text_anchor="middle", font_weight="600")],
    )
    for index, (label, value) in enumerate(rows):
        y = top + row * index
        colour = TEAL if band[0] <= value < band[1] else GREY
        shapes.append(
            f'<rect x="{left}" y="{y + 22}" width="{value * scale:.1f}" height="18" rx="2" '
            f'fill="{colour}" fill-opacity="0.9"/>'
        )
        words += [
            text(left, y + 15, label),
            text(left + value * scale + 8, y + 36, f"{value:,}"),
        ]
    shapes.append(
        f'<rect x="{low:.1f}" y="{top - 6}" width="{high - low:.1f}" height="{height - top}" '
        f'fill="{AMBER}" fill-opacity="0.4"/>'
    )
    said = "; ".join(f"{label}: {value:,}" for label, value in rows)
    return Figure(title, f"{band_label}. {said}.", height, "".join(shapes + words))


def levels(study: Study) -> Figure:
    """The study's levels: what is trained at each, counted here and printed in the document, and
    whether the one prints as the other."""
    box, gap, top = 96, 34, 8
    stack = {adapter.level: adapter for adapter in study.stack(study.variants[0])}
    model = study.base(study.variants[0])
    architecture = architecture_of(study.configs[model.id])
    printed = {claim.level: claim for claim in map(study.claim, study.document.breakdown)}
    parts, said = [], []
    for index, level in enumerate(study.levels):
        y = top + index * (box + gap)
        adapter = stack.get(level.number)
        if adapter is None:
            what, counted = f"{model.hub}, by {level.by}", architecture.parameters
        else:
            spec = LoraSpec(adapter.r, adapter.target_modules)
            what = f"LoRA, r={adapter.r} on {len(adapter.target_modules)} modules"
            counted = lora_parameters(architecture, spec)
        heading = f"Level {level.number}: {level.title}"
        claim = printed[level.number]
        verdict = labelled(compare(claim.stated(), counted))
        numbers = f"counted here {counted:,}  ·  printed {claim.printed}"
        colour = GREY if adapter is None else (TEAL, AMBER)[(level.number - 1) % 2]
        parts.append(_box(y, box, colour, verdict, heading, what, numbers))
        if index:
            parts.append(_arrow(WIDTH / 2, y - gap, y))
        said.append(f"{heading}: {what}; {numbers}: {verdict}")
    height = top + len(study.levels) * (box + gap) - gap + top
    return Figure("The levels of training", ". ".join(said), height, "".join(parts))


def _box(y: float, height: int, colour: str, corner: str, *lines: str) -> str:
    first, *others = lines
    rest = "".join(text(28, y + 52 + 25 * i, line) for i, line in enumerate(others))
    return (
        f'<rect x="4" y="{y:g}" width="{WIDTH - 8}" height="{height}" rx="6" fill="{colour}" '
        f'fill-opacity="0.14" stroke="{colour}" stroke-width="1.5"/>'
        f'<rect x="4" y="{y:g}" width="7" height="{height}" rx="3" fill="{colour}"/>'
        f"{text(28, y + 27, first, font_weight='600', font_size='16')}"
        f"{text(WIDTH - 20, y + 27, corner, text_anchor='end')}{rest}"
    )


def _arrow(x: float, top: float, bottom: float) -> str:
    return (
        f'<path d="M{x:g} {top + 5:g}V{bottom - 7:g}m-6 -7 6 7 6 -7" fill="none" '
        'stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>'
    )
