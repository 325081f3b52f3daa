"""The stack that every contender trains, and what its first update must come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.inputs import Ready
from paper_repro.data.processor import load_processor
from paper_repro.engine.model import unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.study import load_study
from paper_repro.training.base import load_base
from paper_repro.training.levels import put_on
from paper_repro.training.precision import Precision, choose, read_card
from paper_repro.training.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


MARKS = ("_original_forward", "_is_accelerate_prepared")
"""By which accelerate knows a model whose forward pass it has wrapped, and does not wrap it again:
were they left, what is trained next would run without autocast."""


@dataclass(frozen=True)
class Stack:
    """A model before its first update.

    Attributes:
        model: PEFT's.
        processor: the base's.
        device: ``cpu`` or ``cuda``.
        precision: of the base.
        before: copies of what is trained, by name.
        forwards: what ``forward`` was set to on the outermost and the innermost module, if it was:
            trainers wrap it and leave it wrapped.
    """

    model: Any
    processor: Any
    device: str
    precision: Precision
    before: dict[str, Tensor]
    forwards: tuple[Any, ...]

    def restore(self) -> None:
        """As it was loaded."""
        import torch

        with torch.no_grad():
            for name, tensor in self.model.named_parameters():
                tensor.grad = None
                if name in self.before:
                    tensor.copy_(self.before[name])
        if not self.precision.quantised:  # else put_on has asked for both
            unwrapped(self.model).gradient_checkpointing_disable()
            unwrapped(self.model).disable_input_require_grads()
        for module, found in zip(_outer(self.model), self.forwards, strict=True):
            for name in ("forward", *MARKS):
                vars(module).pop(name, None)
            if found is not None:
                vars(module)["forward"] = found


def stacked(folder: Path, precision: str, dropout: float = 0.0, base: Any = None) -> Stack:
    """Base and adapters, the last trained.

    Args:
        precision: ``bf16`` or ``nf4``; without a card ``bf16`` becomes ``fp32``.
        base: a model that another library has loaded; else it is read here.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    asked = "fp32" if (device, precision) == ("cpu", "bf16") else precision
    chosen = choose(device, asked, read_card() if device == "cuda" else None)
    if base is None:
        base = load_base(Settings(2, "full", base=str(folder / "base")), chosen, device).model
    study = load_study()
    adapters = study.stack(study.variant("stated"))
    saved = {adapter.id: folder / "adapters" / str(dropout) / adapter.id for adapter in adapters}
    model = put_on(base, "stack", adapters, saved).model
    before = {n: t.detach().clone() for n, t in model.named_parameters() if t.requires_grad}
    forwards = tuple(vars(module).get("forward") for module in _outer(model))
    processor = load_processor(folder / "base")
    return Stack(model, processor, device, chosen, before, forwards)


def reference(
    engine: Any, ready: Ready, rows: Sequence[int], labels: str, by_token: bool = True
) -> dict[str, float]:
    """Loss of an effective batch and norm of its gradient, sample by sample, from pixels, by the
    package's engine.

    Args:
        by_token: every token counts the same, as in the peers; else every sample.

    Returns:
        ``loss``, in nats, and ``norm``.
    """
    import torch

    batches = [ready.batch([row], labels) for row in rows]
    counts = [int((batch["labels"][:, 1:] != -100).sum()) if by_token else 1 for batch in batches]
    loss = 0.0
    for batch, count in zip(batches, counts, strict=True):
        own = engine.loss(batch) * (count / sum(counts))
        own.backward()
        loss += float(own.detach())
    norm = torch.nn.utils.get_total_norm([tensor.grad for tensor in engine.trained])
    for tensor in engine.trained:
        tensor.grad = None
    return {"loss": loss, "norm": float(norm)}


def kept(stack: Stack, ready: Ready, at_once: int = 8) -> Ready:
    """With the tower's outputs in the host's memory, as ``training.features`` keeps them."""
    import torch

    whole, grid = unwrapped(stack.model), ready.tensors["image_grid_thw"]
    pixels = ready.tensors["pixel_values"].split(int(grid[0].prod()) * at_once)
    found = []
    with torch.no_grad(), stack.precision.autocast(stack.device):
        for some, grids in zip(pixels, grid.split(at_once), strict=True):
            given = tower_outputs(whole, some.to(stack.device), grids.to(stack.device))
            found.append(given.to("cpu", whole.model.visual.dtype))
    return ready.with_features(torch.cat(found))


def _outer(model: Any) -> tuple[Any, Any]:
    return model, unwrapped(model)
