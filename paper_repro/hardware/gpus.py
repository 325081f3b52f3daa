"""The cards that hours and memory are worked out for, read from ``gpus.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Gpu:
    """A card: memory in bytes, dense 16-bit matrix rates in FLOP/s, and the figures' source."""

    name: str
    memory: int
    nominal: float
    sustained: float
    source: str


@cache
def gpus() -> dict[str, Gpu]:
    """Every known card by its id, such as ``t4``."""
    tables = tomllib.loads((Path(__file__).parent / "gpus.toml").read_text(encoding="utf-8"))
    return {id: Gpu(**table) for id, table in tables.items()}
