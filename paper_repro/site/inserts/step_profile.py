"""Where the card's time goes in an update, from the record of ``benchmarks.speed.profile``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from paper_repro.site.inserts.records import earlier_run
from paper_repro.verify.report.markdown import table

GROUPS = {
    "attention": ("attend", "part_along", "sdpa", "dot_do_o", "convert_dq", "reduce_kernel"),
    "`silu(gate) · up` and its gradient": ("gated_grad", "silu"),
    "norms": ("rms_norm",),
    "products": ("nvjet", "gemm", "cutlass", "splitK"),
}
"""What a kernel does, by what its name holds; the first that fits."""
REST = "the rest: copies, sums, laying rows out, the update"


def step_profile_part(path: Path) -> str:
    """A table of milliseconds by what they go to, for every size of frame.

    Raises:
        OSError, ValueError, KeyError: the record is missing or not one of the benchmark's.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    where, sizes = record["where"], record["sizes"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    banner = earlier_run(
        f"Measured on {where['date']} on {where['card']}, with {versions}: milliseconds of kernels "
        f"in an update of {record['samples']} samples, and their share of all kernels'."
    )
    times = {size: grouped(one["kernels"]) for size, one in sizes.items()}
    head = ("kernels", *(f"frames of {size.replace('x', ' × ')}" for size in sizes))
    rows = [
        (group, *(_cell(times[size][group], sum(times[size].values())) for size in sizes))
        for group in (*GROUPS, REST)
    ]
    said = (_sentence(record, size, times[size]) for size in sizes)
    return "\n\n".join([banner, table(head, rows), *said])


def _sentence(record: Mapping[str, Any], size: str, times: Mapping[str, float]) -> str:
    """What an update could not be shorter than, and what the rest moves."""
    one, rate = record["sizes"][size], record["ceiling"]["flops"]
    floor, products = 1e3 * one["useful_flops"] / rate, times["products"]
    return (
        f"**Frames of {size.replace('x', ' × ')}.** An update took {1e3 * one['step']:.1f} ms. At "
        f"the {rate / 1e12:.0f} TFLOP/s of a large product its useful operations would take "
        f"{floor:.1f} ms, of which attention is part; its products took {products:.1f} ms, and "
        f"everything else, most of which waits for memory, "
        f"{sum(times.values()) - products:.1f} ms."
    )


def grouped(kernels: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Milliseconds of each group."""
    found = dict.fromkeys((*GROUPS, REST), 0.0)
    for kernel in kernels:
        found[_group(kernel["name"])] += kernel["ms"]
    return found


def _group(name: str) -> str:
    fitting = (group for group, words in GROUPS.items() if any(word in name for word in words))
    return next(fitting, REST)


def _cell(ms: float, total: float) -> str:
    return f"{ms:.1f} ({ms / total:.0%})"
