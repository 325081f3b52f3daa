"""Who is compared, and with which settings; nothing is imported or run here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from paper_repro.engine import TECHNIQUES

EFFECTIVE = 16
"""Samples of an update."""
BATCHES = 4
"""Distinct effective batches: they come round, so that warm-up has seen every shape."""
WARM_UP, STEPS = BATCHES, 2 * BATCHES
RATE = 2e-5
"""Learning rate, constant."""
SMALL = 224 * 224
"""Pixels of a frame, up to which 16 samples fit into one pass without checkpointing anywhere."""


class Try(NamedTuple):
    """How an effective batch is cut: samples a pass, and whether activations are recomputed."""

    batch: int
    checkpointing: bool = False


class Contender(NamedTuple):
    """One way to train.

    Attributes:
        module: of this package; it has ``load`` and ``measure``.
        what: its settings in a sentence.
        options: given to both.
        labels: ``answer``, or ``sequence``: prompt and picture placeholders too.
        small, large: ways to cut an effective batch of small and of large frames; the fastest one
            is kept.
        warm_up, steps: updates before and while it is timed.
        needs: what ``pip install --no-deps`` adds to the package's own libraries.
    """

    module: str
    what: str
    options: Mapping[str, Any] = {}
    labels: str = "answer"
    small: tuple[Try, ...] = (Try(16), Try(8), Try(4))
    large: tuple[Try, ...] = (Try(16), Try(8), Try(4))
    warm_up: int = WARM_UP
    steps: int = STEPS
    needs: str = ""

    def tries(self, width: int, height: int) -> tuple[Try, ...]:
        """For frames of so many pixels."""
        return self.small if width * height <= SMALL else self.large


_PEER: dict[str, Any] = {
    "small": (Try(16), Try(8)),
    "large": (Try(4), Try(2), Try(16, True), Try(8, True)),
}
PACKAGE = "package"
PEERS = {
    PACKAGE: Contender(
        "ours",
        "bf16 base, tower outputs kept, 16 samples a pass, fused AdamW",
        {"reference": True},
    ),
    "notebook": Contender(
        "notebook",
        "transformers.Trainer and PEFT as the notebook sets them: NF4 base, 1 × 16, gradient "
        "checkpointing, paged 8-bit AdamW, loss on the whole sequence",
        labels="sequence",
        small=(Try(1, True),),
        large=(Try(1, True),),
        warm_up=1,
        steps=2,
    ),
    "trl": Contender("with_trl", "TRL's SFTTrainer, bf16 base, fused AdamW", needs="trl", **_PEER),
    "ms-swift": Contender(
        "with_swift",
        "ms-swift's trainer, bf16 base, fused AdamW",
        needs="ms-swift json-repair einops 'modelscope<1.30'",
        **_PEER,
    ),
    "llamafactory": Contender(
        "with_llamafactory",
        "LLaMA-Factory's SFT trainer, bf16 base, fused AdamW",
        needs="llamafactory 'trl==0.24.0' omegaconf 'antlr4-python3-runtime==4.9.*'",
        **_PEER,
    ),
}
ABLATION = {
    **{
        f"without {name}": Contender("ours", f"without this: {what}", {"without": [name]})
        for name, what in TECHNIQUES.items()
    },
    "tower at every pass": Contender("ours", "no tower outputs kept", {"tower": True}),
    "batch 1 × 16": Contender("ours", "one sample a pass", small=(Try(1),), large=(Try(1),)),
    "dropout 0.05": Contender("ours", "both adapters drop out 5 % of inputs", {"dropout": 0.05}),
}
"""The package with one thing changed."""
CONTENDERS = PEERS | ABLATION
