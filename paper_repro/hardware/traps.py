"""Three ways to lose hours on a small card, as checks of what a card has.

A T4 has no units for bfloat16, room for the base in 16 bits, and time for a frozen tower's backward
pass that nobody needs. ``predicted`` looks for them in an estimate; ``bench.traps`` on a card.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paper_repro.hardware.flops import Tower
from paper_repro.hardware.ways import WAYS, Way
from paper_repro.hardware.words import span

if TYPE_CHECKING:
    from paper_repro.hardware.gpus import Gpu
    from paper_repro.study import Study, Variant

EMULATED = "bfloat16 emulated"
PACKED = "4 bits where 16 fit"
DIFFERENTIATED = "frozen tower differentiated"


@dataclass(frozen=True)
class Trap:
    """One of them.

    Attributes:
        name: in a few words.
        here: whether it is met.
        why: what was found, with figures.
    """

    name: str
    here: bool
    why: str


def predicted(study: Study, variant: Variant, card: Gpu, size: tuple[int, int]) -> list[Trap]:
    """All three, for the notebook's cells with today's libraries.

    Beside each stand the hours of the same cells without it.
    """
    from paper_repro.hardware.estimate import GIB, Estimate, estimate_of

    def without(**changed: object) -> Estimate:
        return estimate_of(study, variant, card, size, replace(today, **changed))  # type: ignore[arg-type]

    def hours(found: Estimate) -> str:
        return f"{span(found.hours)} h"

    today: Way = WAYS["notebook-today"]
    half, wide = without(bf16=False), without(quantised=False)
    forward = without(tower=Tower.FORWARD)
    rates = f"{card.rate(bf16=True) / 1e12:.3g} instead of {card.sustained / 1e12:.3g} TFLOP/s"
    units = f"the card has no units for it: {rates}; in float16 {hours(half)}"
    needs = f"in 16 bits the same cells need {sum(wide.memory.values()) / GIB:.1f} GiB"
    backward = "transformers 5 takes it into the backward pass"
    return [
        Trap(EMULATED, not card.bf16, "the card has units for it" if card.bf16 else units),
        Trap(PACKED, wide.fits, f"{needs}, and take {hours(wide)}" if wide.fits else needs),
        Trap(
            DIFFERENTIATED,
            today.tower is Tower.RECOMPUTED,
            f"{backward}; without that {hours(forward)}",
        ),
    ]
