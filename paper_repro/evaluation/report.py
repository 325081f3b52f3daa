"""An evaluation as JSON, as Markdown, and as the files of a folder.

``save(evaluation, about, folder)`` writes ``evaluation.json``, ``report.md`` and the figures, each
whole or not at all. The fields are described in ``docs/evaluating.md``; a change of their meaning
is another ``schema``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from paper_repro.evaluation.figures import FIGURES, draw
from paper_repro.evaluation.intervals import CONFIDENCE, RESAMPLES, Interval
from paper_repro.evaluation.marks import PHASE, STEP, Classes
from paper_repro.evaluation.noise import CENTRES, NAMES, Floor
from paper_repro.evaluation.predictions import place
from paper_repro.evaluation.results import Evaluation, Metric
from paper_repro.evaluation.statistics import UNREAD_NAME, confusion, per_class
from paper_repro.evaluation.wording import DRAWN_FRAMES, HEADINGS, About, cells, notes, title

SCHEMA = "paper_repro.evaluation/1"
JSON, MARKDOWN = "evaluation.json", "report.md"
CLASS_HEADINGS = ("label", "precision", "recall", "F1", "n")


def save(evaluation: Evaluation, about: About, folder: Path) -> list[Path]:
    """Write all files of an evaluation; figures of an earlier one that are not drawn now go.

    Returns:
        The files, the report first.
    """
    drawn = draw(evaluation)
    for name in FIGURES:
        for kind in ("svg", "png"):
            (folder / f"{name}.{kind}").unlink(missing_ok=True)
    figures = [name for name in FIGURES if f"{name}.svg" in drawn]
    data = to_json(evaluation, about)
    texts = {
        MARKDOWN: to_markdown(evaluation, about, figures),
        JSON: json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }
    files = {name: text.encode() for name, text in texts.items()} | drawn
    for name, content in files.items():
        place(folder / name, content)
    return [folder / name for name in files]


def to_json(evaluation: Evaluation, about: About) -> dict[str, Any]:
    """Plain data: each metric by its name, and beside them what they are of."""
    points = evaluation.marks.points
    return {
        "schema": SCHEMA,
        "about": {
            "of": about.of,
            "split": about.split,
            "rows": len(evaluation.predictions),
            "videos": evaluation.videos,
            "rows_without_video": evaluation.nameless,
            "frames": "drawn" if evaluation.drawn else "",
            "model": about.model,
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "seed": evaluation.seed,
        },
        **{name: _metric(metric) for name, metric in evaluation.metrics.items()},
        "absent": dict(evaluation.absent),
        "phases": _classes(evaluation, PHASE),
        "steps": _classes(evaluation, STEP),
        "points": {
            "rows": len(points.asked),
            "points": len(points.rows),
            "paired_by_label": points.by_label,
            "paired_by_order": points.by_order,
            "missed": points.missed,
            "extra": points.extra,
            "outside_frame": points.outside,
        },
        "noise_floor": _floor(evaluation.floor, evaluation.reference_floor),
        "not_scored": [{"row": row, "reason": why} for row, why in evaluation.marks.unscorable],
        "notes": notes(evaluation, about),
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "value": metric.value,
        "low": metric.interval.low,
        "high": metric.interval.high,
        "method": metric.interval.method,
        "n": metric.n,
        "units": metric.units,
        "by_row": _interval(metric.by_row),
        "by_video": _interval(metric.by_video),
        "chance": [asdict(one) for one in metric.chance],
        "best": metric.best,
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)


def _floor(floor: Floor | None, reference: Floor | None) -> dict[str, Any] | None:
    """The floor of these points, or that of a fifth in each region, which ``applies`` tells."""
    shown = floor or reference
    if shown is None:
        return None
    return {
        "applies": floor is not None,
        "noise": float(shown.noise),
        "regions": [
            {"name": name, "x": x, "y": y, "share": float(share)}
            for name, (x, y), share in zip(NAMES, CENTRES, shown.shares, strict=True)
        ],
        "mean_error": float(shown.mean_error),
        "mean_distance": shown.mean_distance,
        "median_distance": shown.median_distance,
        "within_10": shown.within(10),
        "within_15": shown.within(15),
        "quadrant": float(shown.quadrant),
    }


def _classes(evaluation: Evaluation, task: str) -> dict[str, Any] | None:
    one = evaluation.marks.classes.get(task)
    if one is None:
        return None
    return {
        "labels": [*one.labels, UNREAD_NAME],
        "confusion": confusion(one),
        "per_class": per_class(one),
    }


def to_markdown(evaluation: Evaluation, about: About, figures: list[str]) -> str:
    """The report; ``figures`` are the names of those that lie beside it."""
    lines = [
        "# Evaluation", "", f"{title(evaluation, about)}.", "",
        *_table(HEADINGS, cells(evaluation)), "",
        *(f"- {note}" for note in notes(evaluation, about)), "",
    ]  # fmt: skip
    for task, name in ((PHASE, "Phases"), (STEP, "Steps")):
        if one := evaluation.marks.classes.get(task):
            lines += [f"## {name}", "", *_table(CLASS_HEADINGS, _class_cells(one)), ""]
    drawn = f" ({DRAWN_FRAMES})" if evaluation.drawn else ""
    if figures:
        lines += ["## Figures", ""]
    for name in figures:
        lines += [f"![{FIGURES[name]}{drawn}]({name}.svg)", ""]
    return "\n".join(lines).rstrip() + "\n"


def _class_cells(one: Classes) -> list[tuple[str, ...]]:
    return [
        (
            label.replace("_", " "),
            *(f"{scores[name]:.3f}" for name in ("precision", "recall", "f1")),
            f"{scores['n']:,}",
        )
        for label, scores in per_class(one).items()
    ]


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    marks = ["---", *("---:" for _ in headings[1:])]
    every = [headings, tuple(marks), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in every]
