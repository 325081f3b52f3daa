"""A record of the benchmark: what follows from what was measured, and records put together.

Pure functions of plain data, so that a table and a figure can be made without running anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from benchmarks.speed.contenders import ABLATION, CONTENDERS, EFFECTIVE, PACKAGE
from paper_repro.errors import UserError

LOSS_APART, NORM_APART = 0.01, 0.05
"""How far a first loss and the norm of its gradient may be from the package's, in 16 bits."""
OTHERWISE = ("dropout 0.05",)
"""What has other losses by its nature."""

SAMPLES = "samples"
"""Key of a reference for the mean over samples of the mean over each one's answer."""

Record = dict[str, Any]


def completed(record: Record) -> Record:
    """The same with all that follows for every contender and size of frame.

    Adds ``step``, ``least``, ``most`` and ``per_sample`` (seconds), ``useful_flops`` of a step,
    ``share`` of the ceiling that these reach, ``times_floor``: how often the time that they take at
    the ceiling, ``apart`` (loss and norm, relative) and ``agrees``: true, false or null.
    """
    contenders = {
        name: {
            **found,
            "sizes": {
                size: {**one, **_derived(record, name, size, one)}
                for size, one in found.get("sizes", {}).items()
            },
        }
        for name, found in record["contenders"].items()
    }
    return {**record, "contenders": contenders}


def _derived(record: Record, name: str, size: str, one: Mapping[str, Any]) -> dict[str, Any]:
    step = median(one["seconds"])
    labels = CONTENDERS[name].labels
    flops = record["sizes"][size]["useful_flops"][labels]
    share = flops / step / record["ceiling"]["flops"]
    expected = _expected(record, name, size, one)
    apart = expected and {
        what: abs(one[what] - expected[what]) / abs(expected[what]) for what in ("loss", "norm")
    }
    return {
        "step": step,
        "least": min(one["seconds"]),
        "most": max(one["seconds"]),
        "per_sample": step / EFFECTIVE,
        "useful_flops": flops,
        "share": share,
        "times_floor": 1 / share,
        "apart": apart,
        "agrees": apart and apart["loss"] <= LOSS_APART and apart["norm"] <= NORM_APART,
    }


def _expected(
    record: Record, name: str, size: str, one: Mapping[str, Any]
) -> Mapping[str, float] | None:
    """What a first loss and norm are held against: those of the package's engine, sample by sample,
    with the same labels, weights and mean. The package's own mean is over samples, the peers' over
    tokens."""
    if name in OTHERWISE:
        return None
    package: Mapping[str, Any] = (
        record["contenders"].get(PACKAGE, {}).get("sizes", {}).get(size, {})
    )
    if name in ABLATION:
        return package or None
    references: Mapping[str, Any] = one["reference"] or package.get("reference", {})
    return references.get(SAMPLES if name == PACKAGE else CONTENDERS[name].labels)


def merged(earlier: Record, later: Record) -> Record:
    """Both, the later one's results where both have some.

    Raises:
        UserError: they are of different cards, versions or samples.
    """
    for what, some, other in _compared(earlier, later):
        if some != other:
            raise UserError(
                f"Records of another {what} are not put together.",
                expected=str(some),
                got=str(other),
                next_command="python -m benchmarks.speed --json FILE  (all of it anew)",
            )
    contenders = dict(earlier["contenders"])
    for name, found in later["contenders"].items():
        before = contenders.get(name, {}).get("sizes", {})
        contenders[name] = {**found, "sizes": before | found.get("sizes", {})}
    in_order = {name: contenders[name] for name in CONTENDERS if name in contenders}
    ceilings = (earlier["ceiling"], later["ceiling"])
    return {
        **later,
        "ceiling": max(ceilings, key=lambda each: each["flops"]),
        "sizes": earlier["sizes"] | later["sizes"],
        "contenders": in_order,
    }


def _compared(earlier: Record, later: Record) -> list[tuple[str, Any, Any]]:
    shared = earlier["sizes"].keys() & later["sizes"].keys()
    return [
        ("card", earlier["where"]["card"], later["where"]["card"]),
        ("set of versions", earlier["where"]["versions"], later["where"]["versions"]),
        ("model", earlier["tiny"], later["tiny"]),
        *(("set of samples", earlier["sizes"][s], later["sizes"][s]) for s in sorted(shared)),
    ]
