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
HEAD = ("trained by", "ms a sample", "package", "a pass × passes", "GiB", "of the rate")
FIRST = ("trained by", "first loss", "apart", "gradient norm", "apart", "agrees")


def markdown(record: Record) -> str:
    """Where and how it was measured, tables, and what was not measured and why."""
    parts = [
        origin(record),
        *tables(record),
        *first_updates(record),
        settings(record),
        *failures(record),
    ]
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
        "operations that nobody can do without. Times are medians of steps, with least and most in "
        "brackets, and how often the package's they are. Samples a pass and passes make an update; "
        "GiB are allocated at most. A first loss and gradient norm agree that are those of the "
        f"package's engine, sample by sample, within {within['loss']:.0%} and "
        f"{within['norm']:.0%}. {sizes}."
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


def first_updates(record: Record) -> Iterator[str]:
    """For every size of frame a title and a table of first losses and gradient norms, each with how
    far it is from what it must be."""
    for size in record["sizes"]:
        found = measured(record, size) | measured(record, size, changed=True)
        if found:
            yield f"**First updates at {shown(size)}**"
            yield table(FIRST, (_first(record, name, one) for name, one in found.items()))


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
    return {None: "–", True: "yes", False: "**no**"}[one["agrees"]]


def _row(
    record: Record, name: str, one: Mapping[str, Any], package: Mapping[str, Any] | None
) -> tuple[str, ...]:
    samples = record["settings"]["samples"]
    least, most = (rounded(1e3 * one[end] / samples) for end in ("least", "most"))
    return (
        called(record, name),
        f"{rounded(1e3 * one['per_sample'])} ({least} – {most})",
        f"{rounded(one['step'] / package['step'])} ×" if package else "–",
        one["cut"],
        f"{one['peak'] / GIB:.1f}" if one["peak"] else "–",
        f"{one['share']:.1%}",
    )


def _first(record: Record, name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    apart = one["apart"] or {}
    far = {what: f"{100 * apart[what]:.2g} %" if apart else "–" for what in ("loss", "norm")}
    return (
        called(record, name),
        f"{one['loss']:.4f}",
        far["loss"],
        f"{one['norm']:.4f}",
        far["norm"],
        agreement(one),
    )
