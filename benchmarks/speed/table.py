"""A record as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.speed.contenders import ABLATION, PACKAGE, PEERS
from benchmarks.speed.record import Record
from paper_repro.verify.report.markdown import table

GIB = 2**30
HEAD = (
    "trained by",
    "seconds a sample",
    "of the package's",
    "seconds a step",
    "a pass × passes",
    "memory, GiB",
    "of the card's rate",
    "first loss",
    "gradient norm",
    "agrees",
)


def markdown(record: Record) -> str:
    """Where and how it was measured, and a table for every size of frame."""
    pages = [_banner(record)]
    for title, names in (("", PEERS), (": the package with one thing changed", ABLATION)):
        for size in record["sizes"]:
            rows = list(_rows(record, size, names))
            if rows:
                pages += [f"**Frames of {shown(size)}**{title}", table(HEAD, rows)]
    return "\n\n".join([*pages, *_failures(record)]) + "\n"


def shown(size: str) -> str:
    """``224x224`` as it is written."""
    return size.replace("x", " × ")


def _banner(record: Record) -> str:
    where, ceiling = record["where"], record["ceiling"]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    sizes = "; ".join(
        f"{shown(size)}: {about['tokens']:.0f} tokens a sample, of which {about['image_tokens']} "
        f"stand for the picture and {about['scored']['answer']:.0f} are scored"
        for size, about in record["sizes"].items()
    )
    return (
        f"Measured on {where['date']} on {where['card']}, with {versions}. A product of two "
        f"{ceiling['side']}² matrices in {ceiling['type']} runs at "
        f"{ceiling['flops'] / 1e12:.0f} TFLOP/s there; shares are of that rate, of the operations "
        f"that nobody can do without. Medians; least and most in brackets. {sizes}."
    )


def _rows(record: Record, size: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    package = record["contenders"].get(PACKAGE, {}).get("sizes", {}).get(size)
    for name in names:
        one = record["contenders"].get(name, {}).get("sizes", {}).get(size)
        if one:
            yield _row(name, record["contenders"][name]["versions"], one, package)


def _row(
    name: str,
    versions: Mapping[str, str],
    one: Mapping[str, Any],
    package: Mapping[str, Any] | None,
) -> tuple[str, ...]:
    version = versions.get(name, "")
    ratio = f"{one['step'] / package['step']:.2f} ×" if package else "–"
    return (
        f"{name} {version}".strip(),
        f"{one['per_sample']:.2g}" if one["per_sample"] < 1e-3 else f"{one['per_sample']:.4f}",
        ratio,
        f"{one['step']:.3f} ({one['least']:.3f} – {one['most']:.3f})",
        one["cut"],
        f"{one['peak'] / GIB:.1f}" if one["peak"] else "–",
        f"{one['share']:.1%}",
        f"{one['loss']:.4f}",
        f"{one['norm']:.4f}",
        agreement(one),
    )


def agreement(one: Mapping[str, Any]) -> str:
    """Of a first update with the package's."""
    if one["agrees"] is None:
        return "–"
    loss, norm = (100 * one["apart"][what] for what in ("loss", "norm"))
    return f"{'yes' if one['agrees'] else '**no**'} ({loss:.2g} %, {norm:.2g} %)"


def _failures(record: Record) -> Iterator[str]:
    for name, found in record["contenders"].items():
        if "failed" in found:
            yield f"**{name}** was not measured to its end: `{found['failed']}`"
