"""What changes while a model trains, as plain tensors and numbers, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paper_repro.training import optimizers

if TYPE_CHECKING:
    from torch import Tensor

    from paper_repro.training.step import Training


def of(training: Training) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Everything that a later :func:`load` needs: tensors on the host, and plain numbers.

    Tensors are named ``model/NAME`` and ``optimizer/NAME/ENTRY``; numbers fit JSON.
    """
    named = training.trained
    entries, numbers = optimizers.state_of(training.optimizer, named)
    tensors = {f"model/{name}": optimizers.on_host(tensor) for name, tensor in named.items()}
    tensors |= {f"optimizer/{name}": tensor for name, tensor in entries.items()}
    scaler = training.scaler.state_dict() if training.scaler else {}
    return tensors, {"steps": training.steps, "optimizer": numbers, "scaler": scaler}


def load(training: Training, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
    """Put back what :func:`of` gave.

    Raises:
        UserError: it is not the state of this model and optimizer.
    """
    import torch

    named = training.trained
    saved = _below("model/", tensors)
    if saved.keys() != named.keys():
        odd = sorted(saved.keys() ^ named.keys())
        raise optimizers.foreign(
            f"{len(named)} trained tensors", f"{len(saved)}, among them {odd[0]}"
        )
    if bool(numbers["scaler"]) != bool(training.scaler):
        raise optimizers.foreign("the precision of the run", "another")
    entries = _below("optimizer/", tensors)
    with torch.no_grad():
        for name, tensor in named.items():
            optimizers.copy_checked(tensor, saved[name], name)
        optimizers.load_into(training.optimizer, named, entries, numbers["optimizer"])
    if training.scaler:
        training.scaler.load_state_dict(dict(numbers["scaler"]))
    training.steps = int(numbers["steps"])


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
