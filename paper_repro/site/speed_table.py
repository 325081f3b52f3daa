"""A record of ``python -m benchmarks.speed`` as tables: for the command, and for the site.

All is read from the record as it was written; nothing of the benchmark is imported. Seconds are
medians, memory is in GiB, and shares are of the rate that the card itself reaches in one large
product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paper_repro.verify.report.markdown import prose, table

Record = Mapping[str, Any]

PACKAGE, NOTEBOOK = "package", "notebook"
"""Contenders that others are held against, by the names that the benchmark gives them."""
GIB = 2**30
HEAD = (
    "trained by",
    "seconds a sample",
    "times the package's",
    "seconds a step",
    "samples a pass × passes",
    "memory, GiB",
    "of the card's rate",
    "first loss",
    "gradient norm",
    "agrees",
)


def markdown(record: Record) -> str:
    """Where and how it was measured, tables, and what was not measured and why."""
    parts = [origin(record), *tables(record), settings(record), *failures(record)]
    return "\n\n".join(parts) + "\n"


def origin(record: Record) -> str:
    """When, where and with which versions, on which samples, and what the columns mean."""
    where, ceiling = record["where"], record["ceiling"]
    within = record["settings"]["agrees_within"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    sizes = "; ".join(
        f"{shown(size)}: {about['tokens']:.0f} tokens a sample, of which {about['image_tokens']} "
        f"stand for the picture and {about['scored']['answer']:.0f} are scored"
        for size, about in record["sizes"].items()
    )
    return (
        f"Measured on {where['date']}: {where['card']}, {versions}. A product of two "
        f"{ceiling['side']}² matrices in {ceiling['type']} runs at "
        f"{rounded(ceiling['flops'] / 1e12)} TFLOP/s there; shares are of that rate, of the "
        "operations that nobody can do without. Seconds are medians, with least and most in "
        "brackets. A first loss and gradient norm agree that are those of the package's engine, "
        f"sample by sample, within {within['loss']:.0%} and {within['norm']:.0%}. {sizes}."
    )


def tables(record: Record) -> Iterator[str]:
    """For every size of frame a title and a table of trainers, then of the package with one thing
    changed after another; those that hold nothing are left out."""
    for changed, more in ((False, ""), (True, ": the package with one thing changed")):
        for size in record["sizes"]:
            found = measured(record, size, changed)
            if found:
                own = measured(record, size).get(PACKAGE)
                yield f"**Frames of {shown(size)}**{more}"
                yield table(HEAD, (_row(record, name, one, own) for name, one in found.items()))


def settings(record: Record) -> str:
    """What all contenders have in common, and a list of what each one is."""
    common = record["settings"]
    shared = (
        f"All: {common['samples']} samples an update, AdamW at a rate of "
        f"{common['learning_rate']:g}; {common['data']}."
    )
    each = [f"- **{name}**: {found['what']}" for name, found in record["contenders"].items()]
    return "\n".join([shared, "", *each])


def failures(record: Record) -> Iterator[str]:
    """A sentence for each contender that was not measured to its end."""
    for name, found in record["contenders"].items():
        if "failed" in found:
            yield f"**{name}** was not measured to its end: {prose(found['failed'])}"


def measured(record: Record, size: str, changed: bool = False) -> dict[str, Mapping[str, Any]]:
    """What was measured at a size of frame, by contender.

    Args:
        changed: of the package with one thing changed, in place of trainers.
    """
    return {
        name: found["sizes"][size]
        for name, found in record["contenders"].items()
        if found["changed"] == changed and size in found.get("sizes", {})
    }


def shown(size: str) -> str:
    """``224x224`` as it is written."""
    return size.replace("x", " × ")


def rounded(number: float) -> str:
    """Three figures, or all before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def called(record: Record, name: str) -> str:
    """A contender with its version, and with those of libraries of its own."""
    own, shared = record["contenders"][name]["versions"], record["where"]["versions"]
    others = [f"{n} {own[n]}" for n, version in shared.items() if own.get(n, version) != version]
    words = f"{name} {own.get(name, '')}".strip()
    return f"{words} ({', '.join(others)})" if others else words


def agreement(one: Mapping[str, Any]) -> str:
    """Of a first update with what it must be."""
    if one["agrees"] is None:
        return "–"
    loss, norm = (100 * one["apart"][what] for what in ("loss", "norm"))
    return f"{'yes' if one['agrees'] else '**no**'} ({loss:.2g} %, {norm:.2g} %)"


def _row(
    record: Record, name: str, one: Mapping[str, Any], package: Mapping[str, Any] | None
) -> tuple[str, ...]:
    return (
        called(record, name),
        f"{one['per_sample']:.2g}" if one["per_sample"] < 1e-3 else f"{one['per_sample']:.4f}",
        f"{one['step'] / package['step']:.2f} ×" if package else "–",
        f"{one['step']:.3f} ({one['least']:.3f} – {one['most']:.3f})",
        one["cut"],
        f"{one['peak'] / GIB:.1f}" if one["peak"] else "–",
        f"{one['share']:.1%}",
        f"{one['loss']:.4f}",
        f"{one['norm']:.4f}",
        agreement(one),
    )
