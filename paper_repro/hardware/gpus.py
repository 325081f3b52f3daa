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
        source: of the figures.
        drivers: what drivers call it.
        emulated: rate of products in bfloat16 where it has no units for them, FLOP/s.
    """

    name: str
    memory: int
    bandwidth: float
    nominal: float
    sustained: float
    source: str
    drivers: tuple[str, ...] = ()
    emulated: float | None = None

    @property
    def bf16(self) -> bool:
        """Whether it has units for bfloat16."""
        return self.emulated is None

    def rate(self, bf16: bool) -> float:
        """Of products in bfloat16, or in whichever 16-bit type it computes fastest; FLOP/s."""
        return self.emulated if bf16 and self.emulated is not None else self.sustained


@cache
def gpus() -> dict[str, Gpu]:
    """Every known card by its id, such as ``t4``."""
    tables = tomllib.loads((Path(__file__).parent / "gpus.toml").read_text(encoding="utf-8"))
    return {id: Gpu(**table | {"drivers": tuple(table["drivers"])}) for id, table in tables.items()}


def known_as(driver: str) -> str | None:
    """The id of a card by what its driver calls it; None where it is not listed."""
    return next((id for id, card in gpus().items() if driver in card.drivers), None)
