"""For which frames the paper's hours are possible: the estimate over sizes of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paper_repro.hardware.estimate import CHECKED, Estimate
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.sweep import agreeing, draw, printed_hours, sweep
from paper_repro.site.drawn import drawn
from paper_repro.study import Study
from paper_repro.verify.report.markdown import table

WAYS = ("notebook", "default")


def hours_part(study: Study) -> str:
    """Figure, what it comes to, and a table, of the first variant on the card that it names."""
    variant = study.variants[0]
    card, printed = gpus()[variant.settings.card], printed_hours(study)
    found = {way: sweep(study, variant, card, way) for way in WAYS}
    label = "Hours against the size of frames, beside those that the paper prints"
    figure = drawn(lambda path: draw(found, printed, path), label)
    notebook, own = found.values()
    said = (
        *_of_the_notebook(notebook, agreeing(notebook, printed) if printed else []),
        f"**By the package's engine** the same run takes {_hours(own[0])} hours with the smallest "
        f"of these frames and {_hours(own[-1])} with the largest. Nobody here has an {card.name}. "
        f"Notebook: {CHECKED['notebook']}; with today's libraries: {CHECKED['notebook-today']}. "
        f"Engine: {CHECKED['default']}.",
    )
    head = (
        "a square frame of",
        *(f"{way}, hours" for way in WAYS),
        *(f"{w}, bound by" for w in WAYS),
    )
    rows = [
        (
            _frame(row[0]),
            *map(_hours, row),
            *(one.seconds.bound_by for one in row),
        )
        for row in zip(*found.values(), strict=True)
    ]
    return "\n\n".join([figure, *said, table(head, rows)])


def _of_the_notebook(found: Sequence[Estimate], met: Sequence[Estimate]) -> Iterator[str]:
    host = [_frame(one) for one in found if one.seconds.bound_by == "launches"]
    if host:
        yield (
            f"**By the notebook's cells**, with their own pins, the host decides up to {host[-1]} "
            "pixels, and the card beyond that."
        )
    if met:
        last = "" if met[-1] is found[-1] else ", and not with larger frames"
        yield (f"The printed hours are possible from {_frame(met[0])} to {_frame(met[-1])}{last}.")


def _frame(one: Estimate) -> str:
    return f"{one.size[0]} × {one.size[1]}"


def _hours(one: Estimate) -> str:
    return f"{float(one.hours.low or 0):.2g} – {float(one.hours.high or 0):.2g}"
