"""What Level 2 takes at full size, from the record of ``benchmarks/full_size.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.inserts.records import earlier_run, named
from paper_repro.verify.report.markdown import table


def full_size_part(path: Path) -> str:
    """Banner and table of a record, and what it compared: memory in GB, steps in seconds.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    where = record["where"]
    banner = earlier_run(
        f"Measured on {where['date']} on {where['cards']} × {where['hardware']['name']}, with "
        f"{named(where['versions'])}."
    )
    step = f"a step of {record['rows']} rows"
    head = ("set-up", "most allocated on the card", step, "computed in")
    rows = (_row(name, case) for name, case in _cases(record))
    return "\n\n".join((banner, table(head, rows), *_compared(record)))


def _cases(record: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each set-up that was trained to its end."""
    several = record["processes"]
    found = {**record["cases"], "nf4, one process, cut for several": several.get("one")}
    found["nf4, several processes"] = several.get("several")
    yield from ((name, case) for name, case in found.items() if case and "failed" not in case)


def _row(name: str, case: Mapping[str, Any]) -> tuple[str, ...]:
    memory, seconds = case["peak_memory"]["device"] / 1e9, case["seconds_per_step"]
    return (name, f"{memory:.2f} GB", f"{seconds:.2f} s", case["compute"])


def _compared(record: Mapping[str, Any]) -> Iterator[str]:
    several, resumed = record["processes"], record["resumed"]
    if "losses_apart" in several:
        apart = several["losses_apart"]
        said = f"differ by {apart:.1e} at most" if apart else "are the same to the bit"
        count = several["several"]["processes"]
        yield f"One process and {count}, each with a card of its own: losses {said}."
    else:
        yield "**Not checked on cards:** whether several processes have the losses of one."
    if "losses_identical" in resumed:
        same = "are" if resumed["losses_identical"] and resumed["state_identical"] else "are not"
        yield f"Killed and resumed: losses, parameters and optimizer {same} the same to the bit."
    else:
        yield "**Not checked on cards:** whether a run that was killed goes on bit for bit."
