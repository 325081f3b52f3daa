"""The three traps, looked for on the card at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paper_repro.bench.timed import Timed
from paper_repro.hardware.estimate import GIB
from paper_repro.hardware.traps import DIFFERENTIATED, EMULATED, PACKED, Trap
from paper_repro.hardware.words import rounded

UNPACKED = 3
"""Passes over the language model in which it is unpacked: forward, again, backward."""


def measured(
    card: Mapping[str, Any], ways: Mapping[str, Timed], unpacking_seconds: float
) -> tuple[Trap, ...]:
    """Those that what was timed can tell of.

    Args:
        card: as ``bench.card`` reads it.
        ways: what was timed.
        unpacking_seconds: to unpack every weight once.
    """
    found = [emulated(card), packed(card, ways, unpacking_seconds)]
    if {"notebook", "notebook-today"} <= ways.keys():
        found.append(differentiated(ways))
    return tuple(found)


def emulated(card: Mapping[str, Any]) -> Trap:
    """Whether bfloat16, which the notebook asks for, is slow here though PyTorch offers it."""
    rates = [card[f"{name}_flops_per_second"] / 1e12 for name in ("bf16", "fp16")]
    said = "PyTorch offers it" if card["bf16_said"] else "PyTorch does not offer it"
    has = "the card has units for it" if card["bf16_units"] else "the card has no units for it"
    why = f"{said}, {has}: {rates[0]:.3g} TFLOP/s, and {rates[1]:.3g} in float16"
    return Trap(EMULATED, not card["bf16_units"] or 2 * rates[0] < rates[1], why)


def packed(card: Mapping[str, Any], ways: Mapping[str, Timed], unpacking_seconds: float) -> Trap:
    """Whether a base in 16 bits was trained here, so that packing it is not needed."""
    room = f"{card['memory_bytes'] / GIB:.1f} GiB"
    if "default" not in ways:
        return Trap(PACKED, False, f"a base in 16 bits could not be trained in {room}")
    why = f"with a base in 16 bits training took {ways['default'].peak_bytes / GIB:.1f} of {room}"
    if notebook := ways.get("notebook-today"):
        share = UNPACKED * unpacking_seconds / notebook.per_sample
        why += f"; unpacking is {share:.0%} of a pass"
    return Trap(PACKED, True, why)


def differentiated(ways: Mapping[str, Timed]) -> Trap:
    """Whether today's libraries take the frozen tower into the backward pass, and what it costs."""
    today, forward = ways["notebook-today"], ways["notebook"]
    hours = " – ".join(rounded(way.hours) for way in (forward, today))
    why = (
        f"its outputs {'ask' if today.tower_differentiated else 'do not ask'} for a gradient: "
        f"{hours} h without and with that"
    )
    return Trap(DIFFERENTIATED, today.tower_differentiated, why)
