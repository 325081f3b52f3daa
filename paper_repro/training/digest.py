"""SHA-256 of tensors: the proof that bytes changed, or that they did not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from paper_repro.counting.instantiate import is_adapter
from paper_repro.training.levels import canonical

if TYPE_CHECKING:
    from torch import Tensor, nn


def sha256(tensor: Tensor) -> str:
    """SHA-256 of a tensor's type, shape and bytes; a device's tensor is copied to the host."""
    import torch

    whole = tensor.detach().contiguous().cpu()
    digest = hashlib.sha256(f"{whole.dtype} {tuple(whole.shape)}".encode())
    digest.update(whole.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def digests(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """SHA-256 of every tensor, by the same names."""
    return {name: sha256(tensor) for name, tensor in tensors.items()}


def base_digests(model: nn.Module) -> dict[str, str]:
    """SHA-256 of everything a base would save, by canonical name: weights, persistent buffers
    and, in 4 bits, the quantisation state; adapters apart."""
    return digests({canonical(n): t for n, t in model.state_dict().items() if not is_adapter(n)})


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names whose bytes differ, or that only one side has, sorted."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
