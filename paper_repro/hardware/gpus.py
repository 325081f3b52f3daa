"""The cards that hours and memory are worked out for, read from ``gpus.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Gpu:
    """A card.

    Attributes:
        memory: bytes.
        bandwidth: of the memory, bytes a second.
        nominal: rate of dense 16-bit matrix products with sums in float32, FLOP/s, as printed.
        sustained: of one large product, FLOP/s, as measured.
        bf16: whether it has units for bfloat16.
        source: of the figures.
    """

    name: str
    memory: int
    bandwidth: float
    nominal: float
    sustained: float
    bf16: bool
    source: str


@cache
def gpus() -> dict[str, Gpu]:
    """Every known card by its id, such as ``t4``."""
    tables = tomllib.loads((Path(__file__).parent / "gpus.toml").read_text(encoding="utf-8"))
    return {id: Gpu(**table) for id, table in tables.items()}
