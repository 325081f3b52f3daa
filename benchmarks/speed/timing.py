"""What is measured of a contender's updates, and a card's rate in a large product."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import date
from importlib import metadata
from statistics import median
from typing import Any, NamedTuple

from paper_repro.bench.clock import now

LIBRARIES = (
    "torch",
    "triton",
    "transformers",
    "accelerate",
    "peft",
    "bitsandbytes",
    "trl",
    "ms-swift",
    "llamafactory",
)
SIDE, TINY_SIDE = 8192, 512
TIMES, AT_ONCE = 20, 5
"""A rate is looked at so often, over so many products, so that waiting for the card is little."""


class Measured(NamedTuple):
    """Of one way to train.

    Attributes:
        loss, norm: of the first update: in nats, and the gradient's before it is clipped.
        warm_up, seconds: of every update, warm-up apart.
        peak: most bytes allocated on the card while training; 0 without one.
        reference: what loss and norm must come to, where that is computed here.
        more: whatever else is worth knowing.
    """

    loss: float
    norm: float
    warm_up: list[float]
    seconds: list[float]
    peak: int
    reference: dict[str, dict[str, float]]
    more: dict[str, Any]


def versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Of Python and of the libraries that are installed."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def surroundings() -> dict[str, Any]:
    """Where and when this is measured, and the ceiling: the rate of a square product."""
    import torch

    on_card = torch.cuda.is_available()
    return {
        "where": {
            "date": date.today().isoformat(),
            "system": f"{platform.system()} {platform.machine()}",
            "card": torch.cuda.get_device_name() if on_card else "no card",
            "memory": torch.cuda.get_device_properties(0).total_memory if on_card else 0,
            "cuda": torch.version.cuda or "",
            "versions": versions(("torch", "triton", "transformers", "paper-repro")),
        },
        "ceiling": ceiling(SIDE if on_card else TINY_SIDE),
    }


def ceiling(side: int) -> dict[str, Any]:
    """Rate of the product of two square matrices of random numbers, in FLOP a second; on a card in
    bfloat16, else in float32. The median, after as many products that are not timed."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    left, right = (torch.randn((side, side), device=device).to(dtype) for _ in range(2))
    took = []
    for _ in range(2 * TIMES):
        began = now()
        for _ in range(AT_ONCE):
            torch.mm(left, right)
        took.append(now() - began)
    rate = 2 * side**3 * AT_ONCE / median(took[TIMES:])
    return {"side": side, "type": str(dtype).removeprefix("torch."), "flops": rate}
