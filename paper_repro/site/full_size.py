"""What Level 2 takes at full size, from the record of ``benchmarks/full_size.py``."""

from __future__ import annotations

import json
from pathlib import Path

from paper_repro.verify.report.markdown import table


def full_size_part(path: Path) -> str:
    """Banner and table of a record."""
    record = json.loads(path.read_text(encoding="utf-8"))
    where = record["where"]
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    rows = (
        (
            f"`{case['options']}`",
            f"{case['peak_memory_gb']:.2f} GB",
            f"{case['seconds_per_step']:.2f} s",
            case["compute"],
        )
        for case in record["cases"].values()
    )
    head = ("options", "most allocated on the card", "a step of 16 rows", "computed in")
    return (
        '!!! note "From an earlier run"\n\n'
        f"    Measured on {where['date']} on {where['cards']} × {where['card']}, with {versions}. "
        f"{record['note']}\n\n{table(head, rows)}"
    )
