"""What a step and a command take on a CPU, from the record of ``benchmarks/cpu_steps.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.inserts.records import earlier_run, named
from paper_repro.verify.report.markdown import table

WAYS = ("a step of the miniature's Level 2", "takes", "by the package's", "losses apart")
COMMANDS = ("command", "takes", "of which preparing", "of which steps")


def cpu_steps_part(path: Path) -> str:
    """Banner and tables of a record.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    return cpu_steps_page(json.loads(path.read_text(encoding="utf-8")))


def cpu_steps_page(record: Mapping[str, Any]) -> str:
    """The same of a record that is at hand."""
    ways = table(WAYS, (_way(name, one) for name, one in record["ways"].items()))
    commands = [_command(name, one) for name, one in record["commands"].items()]
    tables = [ways, table(COMMANDS, commands)] if commands else [ways]
    return "\n\n".join([_banner(record), *tables])


def _banner(record: Mapping[str, Any]) -> str:
    where, settings = record["where"], record["settings"]
    threads = "1 thread" if where["threads"] == 1 else f"{where['threads']} threads"
    return earlier_run(
        f"Measured on {where['date']} on {where['cores']} cores ({where['cpu']}), {threads}, with "
        f"{named(where['versions'])}. Medians of {settings['steps']} steps of {settings['rows']} "
        "rows, in which all ways take turns; the share of the package's time is that of the same "
        "round, least and most in brackets. A command is a process, from start to end."
    )


def _way(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    times = one["times"]
    spread = f" ({times['least']:.2f} – {times['most']:.2f})"
    alone = times["least"] == times["most"] == 1
    return (
        name,
        f"{one['seconds'] * 1e3:.0f} ms",
        "1" if alone else f"{times['median']:.2f}{spread}",
        "–" if alone else f"{one['losses_apart']:.0e}",
    )


def _command(name: str, one: Mapping[str, float]) -> tuple[str, ...]:
    return (f"`{name}`", *_seconds(one))


def _seconds(one: Mapping[str, float]) -> Iterator[str]:
    for part in ("seconds", "preparing", "steps"):
        yield f"{one[part]:.1f} s" if part in one else "–"
