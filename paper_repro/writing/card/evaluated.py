"""The evaluations beside a run, as blocks of its card: ``RUN/evaluation/*/evaluation.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paper_repro.errors import UserError
from paper_repro.evaluation.report import JSON, SCHEMA
from paper_repro.evaluation.results import TITLES
from paper_repro.evaluation.wording import DRAWN_FRAMES, HEADINGS, PARTS, value
from paper_repro.writing.page import Block, Cell, Grid, Heading, Items
from paper_repro.writing.text import Figure

FOLDER = "evaluation"
ASKED = "Asked: "
"""How the note begins that names folders of the machine that asked."""


@dataclass(frozen=True)
class Evaluated:
    """One evaluation, and the file that it stands in."""

    path: Path
    said: Mapping[str, Any]

    def figure(self, words: str, field: str) -> Figure:
        """A number of it."""
        return Figure(words, f"evaluation.{field}", "", f"{self.path}: {field}")


def evaluations(run: Path) -> tuple[Evaluated, ...]:
    """All that were kept in a run's folder, by name.

    Raises:
        UserError: one of them is none.
    """
    return tuple(_read(path, run) for path in sorted(run.glob(f"{FOLDER}/*/{JSON}")))


def _read(path: Path, run: Path) -> Evaluated:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        one, found = Evaluated(path, said), said["schema"]
        complete = found == SCHEMA and bool(list(blocks(one)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        complete, found = False, f"{type(error).__name__}: {error}"
    if not complete:
        raise UserError(
            f"{path} cannot be read as an evaluation.",
            expected=f"all of schema {SCHEMA}",
            got=str(found),
            next_command=f"python -m paper_repro evaluate {run}",
        )
    return one


def blocks(one: Evaluated) -> Iterator[Block]:
    """Its table, and what must be said with it."""
    about = one.said["about"]
    model = about["model"]
    bare = ", the base alone" if model and not model["adapter"] else ""
    drawn = f" ({DRAWN_FRAMES})" if about["frames"] else ""
    rows = one.figure(f"{about['rows']:,}", "about.rows")
    yield Heading((f"{about['split'] or 'All'}{bare}: ", rows, f" rows{drawn}"), 3)
    yield Grid(HEADINGS, tuple(_rows(one)))
    asked = (
        f"Asked in {model['precision']} on {model['device']}; the likeliest token was taken."
        if model
        else "The answers were read from a file."
    )
    noted = (
        (one.figure(note, f"notes.{place}"),)
        for place, note in enumerate(one.said["notes"])
        if not note.startswith(ASKED)
    )
    yield Items(((asked,), *noted))


def _rows(one: Evaluated) -> Iterator[tuple[Cell, ...]]:
    shown = [name for name in TITLES if name in one.said]
    if not all(part in shown for part in PARTS):
        shown = [name for name in shown if name not in PARTS]
    for name in shown:
        yield _row(one, name, one.said[name])


def _row(one: Evaluated, name: str, metric: Mapping[str, Any]) -> tuple[Cell, ...]:
    def shown(number: float, field: str) -> Figure:
        return one.figure(value(name, number), f"{name}.{field}")

    chance, best = metric["chance"], metric["best"]
    return (
        (TITLES[name],),
        (shown(metric["value"], "value"),),
        (shown(metric["low"], "low"), " – ", shown(metric["high"], "high")),
        (one.figure(f"{metric['n']:,}", f"{name}.n"),),
        (shown(chance[-1]["value"], "chance.-1.value") if chance else "–",),
        ("–" if best is None else shown(best, "best"),),
    )
