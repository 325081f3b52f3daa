"""What the miniature's levels learn, from the record of ``benchmarks/miniature.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paper_repro.site.figures import AMBER, GREY, TEAL, Figure, inline, text
from paper_repro.site.inserts.records import earlier_run, named
from paper_repro.verify.report.markdown import escape, table

BEFORE, AFTER = GREY, TEAL
ASKED = (
    ("Level 0 on Level 1's rows", "phase_accuracy", "Phase, before Level 1", BEFORE),
    ("Level 1 on its rows", "phase_accuracy", "Phase, after Level 1", AFTER),
    ("Level 0 on Level 1's rows", "step_accuracy", "Step, before Level 1", BEFORE),
    ("Level 1 on its rows", "step_accuracy", "Step, after Level 1", AFTER),
    (
        "Level 0 on Level 2's rows",
        "quadrant_accuracy_of_parsed",
        "Quadrant where it points at all, Level 0 alone",
        BEFORE,
    ),
    (
        "Level 1 on Level 2's rows",
        "quadrant_accuracy_of_parsed",
        "Quadrant where it points at all, before Level 2",
        BEFORE,
    ),
    ("Level 2 (stated) on its rows", "quadrant_accuracy", "Quadrant, Level 2 (stated)", AFTER),
    (
        "Level 2 (seven modules) on its rows",
        "quadrant_accuracy",
        "Quadrant, Level 2 (seven modules)",
        AFTER,
    ),
)
"""Model and rows, metric, what the figure calls them, and its colour."""


def miniature_part(path: Path) -> str:
    """Banner, figure, what it comes to, and tables of a record.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    figure = f'<figure class="figure">{inline(seeds_figure(record).svg())}</figure>'
    scores = "\n".join(f"    {line}" for line in _scores(record).splitlines())
    every = f'??? note "Every score"\n\n{scores}'
    return "\n\n".join((_banner(record), figure, _summary(record), _runs(record), every))


def seeds_figure(record: Mapping[str, Any]) -> Figure:
    """A dot a seed for every score, with the mark of a constant answer."""
    left, right, row, top = 12, 528, 42, 26
    parts, said = [], []
    for index, (of, metric, label, colour) in enumerate(ASKED):
        y = top + row * index
        scored = _scored(record, of, metric)
        values, chance = [score["value"] for score in scored], scored[0]["chance"]
        shares = ", ".join(f"{value:.2f}" for value in sorted(set(values)))
        parts += [
            text(left, y, label),
            text(right, y, _spread(values), text_anchor="end"),
            f'<path d="M{left} {y + 16}H{right}" stroke="currentColor" stroke-opacity="0.25"/>',
            _mark(_x(chance, left, right), y + 16),
            *(
                f'<circle cx="{_x(value, left, right):.1f}" cy="{y + 16}" r="5" fill="{colour}" '
                'fill-opacity="0.75"/>'
                for value in values
            ),
        ]
        said.append(f"{label}: {shares}; a constant answer {chance:.2f}")
    height = top + row * len(ASKED) + 32
    axis = [
        text(left, height - 32, "0"),
        text(right, height - 32, "1", text_anchor="end"),
        text((left + right) / 2, height - 8, _key(record), text_anchor="middle", font_size="13"),
    ]
    return Figure("The miniature on drawn frames", ". ".join(said), height, "".join(parts + axis))


def _key(record: Mapping[str, Any]) -> str:
    seeds = len(record["runs"])
    return f"drawn frames, held out; a dot for each of {seeds} seeds; bar: best constant answer"


def _x(share: float, left: float, right: float) -> float:
    return left + share * (right - left)


def _mark(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 8}v16" stroke="{AMBER}" stroke-width="3"/>'


def _scored(record: Mapping[str, Any], of: str, metric: str) -> list[dict[str, Any]]:
    """A score for every seed, or the one from before any training."""
    if of in record["before"]:
        return [record["before"][of][metric]]
    return [run["scores"][of][metric] for run in record["runs"]]


def _values(record: Mapping[str, Any], of: str, metric: str) -> list[float]:
    return [score["value"] for score in _scored(record, of, metric)]


def _spread(values: list[float]) -> str:
    least, most = f"{min(values):.3f}", f"{max(values):.3f}"
    return least if least == most else f"{least} – {most}"


def _banner(record: Mapping[str, Any]) -> str:
    where, seeds = record["where"], " ".join(str(run["seed"]) for run in record["runs"])
    return earlier_run(
        f"Measured on {where['date']} on {where['cores']} cores ({where['hardware']['cpu']}, "
        f"{where['system']}) with {named(where['versions'])}. "
        f"To repeat it: `python benchmarks/miniature.py --seeds {seeds}`."
    )


def _summary(record: Mapping[str, Any]) -> str:
    """What Level 0 can do already, what it cannot, and between which values every seed came."""
    lessons, names = (record["before"][f"Level 0 on Level {level}'s rows"] for level in (0, 2))
    least, most = (
        pick(_values(record, "Level 2 (stated) on its rows", "quadrant_accuracy"))
        for pick in (min, max)
    )
    changed = sum(run["base_changed"] + run["level1_changed"] for run in record["runs"])
    seconds = max(run["seconds"]["1"] + run["seconds"]["2"] for run in record["runs"])
    pointed = names["quadrant_accuracy_of_parsed"]
    return (
        "Asked about its own lessons, Level 0 points into the right quadrant in "
        f"{lessons['quadrant_accuracy']['value']:.0%} of cases. Asked about surgical names, it "
        f"gives a point in {names['parse_rate']['value']:.0%}, and {pointed['value']:.0%} of those "
        f"are right, where a constant answer reaches {pointed['chance']:.0%}. After Level 2 "
        f"(`stated`) each of {len(record['runs'])} seeds came to between {least:.3f} and "
        f"{most:.3f}; {changed} tensors of the base or of Level 1 had changed. Both levels "
        f"together took {seconds:.0f} s at most, preparing included."
    )


def _scores(record: Mapping[str, Any]) -> str:
    """Every metric: least, median and most over the seeds, and its n."""
    single = ((of, metrics, False) for of, metrics in record["before"].items())
    spread = ((of, metrics, True) for of, metrics in record["spread"].items())
    rows = [
        (escape(of), f"`{name}`", _cell(found, many), _numbers(_scored(record, of, name)))
        for of, metrics, many in (*single, *spread)
        for name, found in metrics.items()
    ]
    return table(("model and rows", "metric", "value, or least / median / most", "n"), rows)


def _numbers(scored: Sequence[Mapping[str, Any]]) -> str:
    """The number of answers, which differs by seed where only those that parse count."""
    numbers = sorted({score["n"] for score in scored})
    return " – ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))


def _cell(found: Mapping[str, float], many: bool) -> str:
    keys = ("least", "median", "most") if many else ("value",)
    return " / ".join(f"{found[key]:.3f}" for key in keys)


def _runs(record: Mapping[str, Any]) -> str:
    rows = [
        (
            str(run["seed"]),
            *(f"{run['seconds'][name]:.0f} s" for name in ("1", "2", "seven")),
            str(run["base_changed"]),
            str(run["level1_changed"]),
        )
        for run in record["runs"]
    ]
    headings = (
        "seed",
        "Level 1",
        "Level 2, stated",
        "seven modules",
        "base tensors changed",
        "Level 1 tensors changed",
    )
    return table(headings, rows)
