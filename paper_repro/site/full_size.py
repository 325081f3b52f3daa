"""What Level 2 takes at full size, from the record of ``benchmarks/full_size.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.verify.report.markdown import table

LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def full_size_part(path: Path) -> str:
    """Banner and table of a record, and what it compared."""
    record = json.loads(path.read_text(encoding="utf-8"))
    where = record["where"]
    versions = ", ".join(f"{name} {where['versions'][name]}" for name in LIBRARIES)
    banner = (
        '!!! note "From an earlier run"\n\n'
        f"    Measured on {where['date']} on {where['cards']} × {where['hardware']['name']}, with "
        f"{versions}. {record.get('note', '')}"
    )
    head = ("set-up", "most allocated on the card", "a step of 16 rows", "computed in")
    rows = (_row(name, case) for name, case in _cases(record))
    return "\n\n".join((banner, table(head, rows), *_compared(record)))


def _cases(record: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each set-up that was trained to its end."""
    several = record["processes"]
    found = {**record["cases"], "nf4, cut for several processes, one process": several.get("one")}
    found["nf4, several processes"] = several.get("several")
    yield from ((name, case) for name, case in found.items() if case and "failed" not in case)


def _row(name: str, case: Mapping[str, Any]) -> tuple[str, ...]:
    memory, seconds = case["peak_memory"]["device"] / 1e9, case["seconds_per_step"]
    return (name, f"{memory:.2f} GB", f"{seconds:.2f} s", case["compute"])


def _compared(record: Mapping[str, Any]) -> Iterator[str]:
    several, resumed = record["processes"], record["resumed"]
    if "losses_apart" in several:
        yield f"One process and several: losses differ by {several['losses_apart']:.1e} at most."
    if "losses_identical" in resumed:
        same = "are" if resumed["losses_identical"] and resumed["state_identical"] else "are not"
        yield f"Killed and resumed: losses, parameters and optimizer {same} the same to the bit."
