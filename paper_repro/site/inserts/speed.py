"""How fast Level 2 trains beside other trainers, from the record of ``benchmarks/speed``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.figures import inline
from paper_repro.site.inserts.records import earlier_run
from paper_repro.site.inserts.speed_figure import speed_figure
from paper_repro.site.inserts.speed_table import (
    GIB,
    NOTEBOOK,
    PACKAGE,
    Record,
    called,
    failures,
    first_updates,
    measured,
    origin,
    rounded,
    settings,
    shown,
    tables,
)

AGAIN = "python -m benchmarks.speed --json speed.json"


def speed_part(path: Path) -> str:
    """Banner, what it comes to, figure and tables of a record, and what did not run.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    banner = earlier_run(f"{origin(record)} To repeat it: `{AGAIN}`.")
    figure = f'<figure class="figure">{inline(speed_figure(record).svg())}</figure>'
    rest = (*tables(record), *first_updates(record), settings(record), *failures(record))
    return "\n\n".join((banner, *summary(record), figure, *rest))


def summary(record: Record) -> Iterator[str]:
    """A paragraph for every size of frame: how fast the package is, and beside others."""
    for size in record["sizes"]:
        found = measured(record, size)
        if PACKAGE in found:
            said = " ".join(_sentences(record, found))
        else:
            said = "The package was not measured."
        yield f"**Frames of {shown(size)}.** {said}"


def _sentences(record: Record, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    own = found[PACKAGE]
    yield f"The package takes {rounded(1000 * own['per_sample'])} ms a sample."
    if own["agrees"] is False:
        yield "**Its first update is not what it must be.**"
    if NOTEBOOK in found:
        yield f"That is {_times(found[NOTEBOOK], own)} as fast as the notebook's set-up."
    else:
        yield "The notebook's set-up was not measured."
    yield _beside_the_fastest(record, found)
    differ = [called(record, name) for name, one in found.items() if one["agrees"] is False]
    if others := [name for name in differ if name != called(record, PACKAGE)]:
        yield f"The first update of {' and '.join(others)} is another one."
    yield f"It reaches {own['share']:.0%} of the card's own rate in a large product."
    if own["peak"]:
        yield f"At most {own['peak'] / GIB:.1f} GiB are allocated."


def _beside_the_fastest(record: Record, found: Mapping[str, Mapping[str, Any]]) -> str:
    """The fastest of the other trainers whose first update agrees."""
    peers = [name for name in found if name not in (PACKAGE, NOTEBOOK) and found[name]["agrees"]]
    if not peers:
        return "No other trainer whose first update agrees was measured."
    best = min(peers, key=lambda name: found[name]["per_sample"])
    times = _times(found[best], found[PACKAGE])
    return (
        f"It is {times} as fast as {called(record, best)}, the fastest other that agrees with it."
    )


def _times(other: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    return f"{rounded(other['per_sample'] / own['per_sample'])} ×"
