"""In which numbers a model is held and computed, decided by what the device has.

``choose(device, asked, card)`` is a pure function; ``read_card()`` asks the card. PyTorch answers
``is_bf16_supported()`` with True on cards that only emulate bf16 (a T4), so emulation is excluded.

**LoRA weights are float32 under 16-bit autocast**, as PEFT makes them: an update of 2e-5 is lost
in a bf16 weight, whose steps near 0.01 are 6e-5, and GradScaler cannot unscale fp16 gradients. The
products are computed in 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from torch import dtype

NAMES = ("nf4", "bf16", "fp16", "fp32")
_TYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


@dataclass(frozen=True)
class Card:
    """What a CUDA card says of itself.

    Attributes:
        name: as its driver gives it.
        capability: compute capability, such as (7, 5).
        bf16: whether it has bf16 units; emulation does not count.
    """

    name: str
    capability: tuple[int, int]
    bf16: bool


@dataclass(frozen=True)
class Precision:
    """How the base is held and what products are computed in.

    Attributes:
        name: of the frozen base: ``nf4``, ``bf16``, ``fp16`` or ``fp32``.
        compute: PyTorch's name of the type of products: ``bfloat16``, ``float16``, ``float32``.
        reason: why, in one sentence.
    """

    name: str
    compute: str
    reason: str

    @property
    def quantised(self) -> bool:
        """Whether the base's linear layers are held in 4 bits."""
        return self.name == "nf4"

    @property
    def scaled(self) -> bool:
        """Whether gradients need a scaler: float16 alone, whose range is small."""
        return self.compute == "float16"

    @property
    def dtype(self) -> dtype:
        """:attr:`compute` as PyTorch's type; weights that are not quantised are held in it."""
        import torch

        found: dtype = getattr(torch, self.compute)
        return found

    def autocast(self, device: str) -> AbstractContextManager[Any]:
        """The context of a forward pass on a device."""
        import torch

        if self.compute == "float32":
            return nullcontext()
        return torch.autocast(device.partition(":")[0], dtype=self.dtype)


FP32 = Precision("fp32", "float32", "float32 throughout.")


def choose(device: str, asked: str | None = None, card: Card | None = None) -> Precision:
    """Decide; pure.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:0``.
        asked: one of :data:`NAMES`; None: NF4 on a card, as in the notebook, float32 on a CPU.
        card: of a CUDA device, from :func:`read_card`.

    Raises:
        UserError: an unknown name. bf16 on a card without bf16 units is none: it becomes fp16,
            and the reason says so.
    """
    if asked is not None and asked not in NAMES:
        raise UserError(
            f"There is no precision {asked!r}.",
            expected=", ".join(NAMES),
            got=repr(asked),
            next_command="python -m paper_repro train --help",
        )
    if device.partition(":")[0] == "cpu":
        return _on_cpu(asked)
    if card is None:
        raise ValueError("expected a card for a CUDA device, got None")
    return _on_card(asked or "nf4", card)


def read_card(index: int = 0) -> Card:
    """Ask a CUDA card."""
    import torch

    with torch.cuda.device(index):
        return Card(
            name=torch.cuda.get_device_name(index),
            capability=torch.cuda.get_device_capability(index),
            bf16=torch.cuda.is_bf16_supported(including_emulation=False),
        )


@contextmanager
def deterministic(on: bool) -> Iterator[None]:
    """Inside, torch prefers kernels that give the same bits each time, and warns where none is.

    It does not write into memory that is about to be overwritten, which it would do then too.
    """
    import torch

    also: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filled = also.fill_uninitialized_memory
    if on:
        torch.use_deterministic_algorithms(True, warn_only=True)
        also.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        also.fill_uninitialized_memory = filled


def _on_cpu(asked: str | None) -> Precision:
    if asked == "nf4":
        return Precision("nf4", "float32", "A CPU: NF4 as asked, products in float32.")
    if asked in ("bf16", "fp16"):
        return Precision(asked, _TYPES[asked], f"A CPU: {asked} as asked.")
    return Precision("fp32", "float32", "A CPU: float32.")


def _on_card(asked: str, card: Card) -> Precision:
    if asked == "fp32":
        return Precision("fp32", "float32", f"{card.name}: float32 as asked.")
    if asked == "fp16":
        return Precision("fp16", "float16", f"{card.name}: fp16 as asked.")
    major, minor = card.capability
    name = "nf4" if asked == "nf4" else ("bf16" if card.bf16 else "fp16")
    why = (
        f"{card.name} (compute capability {major}.{minor}) has bf16 units."
        if card.bf16
        else f"{card.name} (compute capability {major}.{minor}) has no bf16 units and would only "
        "emulate them: fp16 with a gradient scaler instead."
    )
    return Precision(name, "bfloat16" if card.bf16 else "float16", why)
