"""The picture that stands beside a link to the site: the levels, printed and found."""

from __future__ import annotations

from pathlib import Path

from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, lora_parameters
from paper_repro.study import Study

FILE = "assets/social.png"
_WIDTH, _HEIGHT, _DOTS = 12.0, 6.3, 100
_INK, _PALE, _PAPER = "#f2f7f6", "#9fc9c4", "#083f3b"
_QUESTION = "Which training claims of a fine-tuning paper stand?"
_BOXES = ("#0e5e58", "#12847b", "#b4530a")


def draw_social(study: Study, path: Path) -> None:
    """Draw it as a PNG of 1200 × 630 pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS, facecolor=_PAPER)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(0, _HEIGHT))
    axes.axis("off")
    axes.text(0.6, 5.35, "paper_repro", color=_INK, size=40, weight="bold")
    axes.text(
        0.6, 4.75, "Which training claims of a fine-tuning paper stand?", color=_PALE, size=21
    )
    for place, (title, told) in enumerate(_levels(study)):
        left = 0.6 + place * 3.7
        box = FancyBboxPatch(
            (left, 0.7), 3.4, 3.3, boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=_BOXES[place % len(_BOXES)], edgecolor="none",
        )  # fmt: skip
        axes.add_patch(box)
        axes.text(left + 0.25, 3.35, title, color=_INK, size=17, weight="bold", va="center")
        axes.text(left + 0.25, 2.0, told, color=_INK, size=17, va="center", linespacing=1.7)
    FigureCanvasAgg(figure)
    figure.savefig(path, facecolor=_PAPER)


def _levels(study: Study) -> list[tuple[str, str]]:
    """Of each level its title, and what is printed and found there."""
    variant = study.variants[0]
    architecture = architecture_of(study.configs[study.base(variant).id])
    stack = {adapter.level: adapter for adapter in study.stack(variant)}
    printed = {claim.level: claim.printed for claim in map(study.claim, study.document.breakdown)}
    found = []
    for level in study.levels:
        adapter = stack.get(level.number)
        spec = LoraSpec(adapter.r, adapter.target_modules) if adapter else None
        count = lora_parameters(architecture, spec) if spec else architecture.parameters
        told = f"printed\n{printed[level.number]}\ncounted\n{count:,}"
        found.append((f"Level {level.number}", told))
    return found
