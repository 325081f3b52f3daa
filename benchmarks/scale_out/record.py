"""A record of the benchmark: what follows from what was measured, and records put together.

Pure functions of plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from paper_repro.errors import UserError

Record = dict[str, Any]


def together(ranks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of each size of frame that all processes have measured: seconds of the slowest process in
    every step, and what each of them had.

    Args:
        ranks: what each process wrote.
    """
    done = set.intersection(*(set(rank.get("sizes", {})) for rank in ranks)) if ranks else set()
    first = ranks[0].get("sizes", {}) if ranks else {}
    return {
        size: _of_all([rank["sizes"][size] for rank in ranks]) for size in first if size in done
    }


def _of_all(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    slowest = {
        name: [max(some) for some in zip(*(one[name] for one in each), strict=True)]
        for name in ("warm_up", "seconds")
    }
    alike = {name: each[0][name] for name in ("losses", "off", "recorded")}
    sums = [one["add_up"] for one in each]
    return {
        **slowest,
        **alike,
        "add_up": {"bytes": sums[0]["bytes"], "seconds": max(one["seconds"] for one in sums)},
        "peaks": [one["peak"] for one in each],
        "digests": [one["digest"] for one in each],
        "same_losses": all(one["losses"] == each[0]["losses"] for one in each),
    }


def completed(record: Record) -> Record:
    """The same with all that follows for every number of processes and size of frame.

    Adds ``step``, ``least`` and ``most`` (seconds), ``samples_a_second``, ``same_adapter``: whether
    all processes ended with the same bits, ``communication``: the share of a step that adding up
    takes by itself, and against one process ``efficiency`` and ``losses_apart``: the largest
    relative difference of a loss; null without one.
    """
    one = record["processes"].get("1", {}).get("sizes", {})
    processes = {
        world: {
            **found,
            "sizes": {
                size: {**some, **_derived(record, int(world), some, one.get(size))}
                for size, some in found.get("sizes", {}).items()
            },
        }
        for world, found in record["processes"].items()
    }
    return {**record, "processes": processes}


def _derived(
    record: Record, world: int, some: Mapping[str, Any], one: Mapping[str, Any] | None
) -> dict[str, Any]:
    step = median(some["seconds"])
    return {
        "step": step,
        "least": min(some["seconds"]),
        "most": max(some["seconds"]),
        "samples_a_second": record["settings"]["effective"] / step,
        "same_adapter": len(set(some["digests"])) == 1,
        "communication": some["add_up"]["seconds"] / step,
        "efficiency": efficiency(median(one["seconds"]), world, step) if one else None,
        "losses_apart": apart(one["losses"], some["losses"]) if one else None,
    }


def efficiency(alone: float, processes: int, step: float) -> float:
    """The time that one process needs, by that which all of them need together."""
    return alone / (processes * step)


def apart(losses: Sequence[float], others: Sequence[float]) -> float:
    """The largest relative difference, of the steps that both have."""
    return max(abs(b - a) / abs(a) for a, b in zip(losses, others, strict=False))


def merged(earlier: Record, later: Record) -> Record:
    """Both, the later one's results where both have some.

    Raises:
        UserError: they are of different cards, versions, samples or settings.
    """
    for what, some, other in _compared(earlier, later):
        if some != other:
            raise UserError(
                f"Records of another {what} are not put together.",
                expected=str(some),
                got=str(other),
                next_command="python -m benchmarks.scale_out --json FILE  (all of it anew)",
            )
    processes = dict(earlier["processes"])
    for world, found in later["processes"].items():
        before = processes.get(world, {}).get("sizes", {})
        processes[world] = {**found, "sizes": before | found.get("sizes", {})}
    in_order = {world: processes[world] for world in sorted(processes, key=int)}
    sizes = earlier["sizes"] | later["sizes"]
    where = earlier.get("where", {}) | later.get("where", {})
    return {**later, "where": where, "sizes": sizes, "processes": in_order}


def _compared(earlier: Record, later: Record) -> list[tuple[str, Any, Any]]:
    shared = earlier["sizes"].keys() & later["sizes"].keys()
    before, after = earlier.get("where", {}), later.get("where", {})
    places = (("card", "card"), ("set of versions", "versions"))
    return [
        ("model", earlier["tiny"], later["tiny"]),
        ("set of settings", earlier["settings"], later["settings"]),
        *((what, before[name], after[name]) for what, name in places if before and after),
        *(("set of samples", earlier["sizes"][s], later["sizes"][s]) for s in sorted(shared)),
    ]
