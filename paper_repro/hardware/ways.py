"""Ways to compute a step: the notebook's (with its pins, in float16, with today's libraries) and
the package's engine."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        batch: samples a pass, at most; None: as many as the variant sets.
        launched: whether the host launches every kernel by itself.
        bf16: whether products are in bfloat16 on every card; else in float16 where it has no units.
    """

    title: str
    quantised: bool
    checkpointing: bool
    tower: Tower
    answers_only: bool
    batch: int | None
    launched: bool
    bf16: bool


_PINNED = Way(
    title="the notebook's cells with its own pins",
    quantised=True,
    checkpointing=True,
    tower=Tower.FORWARD,
    answers_only=False,
    batch=None,
    launched=True,
    bf16=True,
)
WAYS = {
    "notebook": _PINNED,
    "notebook-fp16": replace(
        _PINNED, title="the same cells with float16 in place of bfloat16", bf16=False
    ),
    "notebook-today": replace(
        _PINNED, title="the notebook's cells with today's libraries", tower=Tower.RECOMPUTED
    ),
    "default": Way(
        title="the package's engine, a base in 16 bits and activations kept (--no-checkpointing)",
        quantised=False,
        checkpointing=False,
        tower=Tower.CACHED,
        answers_only=True,
        batch=16,
        launched=False,
        bf16=False,
    ),
}
