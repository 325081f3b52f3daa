"""Ways to compute a step: the notebook's, with its pins and with today's libraries, and the
package's engine."""

from __future__ import annotations

from dataclasses import dataclass

from paper_repro.hardware.flops import Tower


@dataclass(frozen=True)
class Way:
    """How a step is computed.

    Attributes:
        title: in words.
        quantised: whether the base is kept in NF4 and unpacked at every product.
        checkpointing: whether the language model's forward pass runs twice.
        tower: what happens to the frozen vision tower.
        answers_only: whether the head scores the tokens before an answer's alone.
        batch: samples a pass, at most.
        launched: whether the host launches every kernel by itself.
    """

    title: str
    quantised: bool
    checkpointing: bool
    tower: Tower
    answers_only: bool
    batch: int
    launched: bool


WAYS = {
    "notebook": Way(
        "the notebook's cells with its own pins", True, True, Tower.FORWARD, False, 1, True
    ),
    "notebook-today": Way(
        "the notebook's cells with today's libraries", True, True, Tower.RECOMPUTED, False, 1, True
    ),
    "default": Way(
        "the package's engine, a base in 16 bits and activations kept (--no-checkpointing)",
        False,
        False,
        Tower.CACHED,
        True,
        16,
        False,
    ),
}
