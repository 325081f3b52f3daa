"""Optimizers by the names of transformers' Trainer, and their whole state as plain tensors.

``state_of`` and ``load_into`` restore every bit, of 8-bit and of paged states too. The libraries'
own ``state_dict`` is not used: bitsandbytes' leaves a paged state unpaged when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

NAMES = ("adamw_torch", "adamw_8bit", "paged_adamw_8bit")
_CONSTANT = {"qmap1", "qmap2"}
"""Tables of bitsandbytes that are the same for every tensor and step."""


def make(
    name: str, tensors: Iterable[tuple[str, nn.Parameter]], rate: float, weight_decay: float
) -> Optimizer:
    """AdamW over named tensors; betas 0.9 and 0.999, epsilon 1e-8.

    Weight decay spares tensors of fewer than two dimensions (norms and biases), as the Trainer's.

    Raises:
        ValueError: for a name that is not one of :data:`NAMES`.
    """
    from torch.optim import AdamW

    if name not in NAMES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")
    kept = [tensor for _, tensor in tensors]
    groups = [
        {"params": [t for t in kept if t.ndim >= 2], "weight_decay": weight_decay},
        {"params": [t for t in kept if t.ndim < 2], "weight_decay": 0.0},
    ]
    filled = [group for group in groups if group["params"]]
    if name == "adamw_torch":
        return AdamW(filled, lr=rate, fused=True)
    import bitsandbytes.optim as eight_bit

    kind = eight_bit.AdamW8bit if name == "adamw_8bit" else eight_bit.PagedAdamW8bit
    made: Optimizer = kind(filled, lr=rate)
    return made


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """The learning rate of the next update."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def update_if(optimizer: Optimizer, sound: Tensor) -> bool:
    """Have the device itself leave the next update out where a boolean on it is false.

    So nobody has to wait for it before the update is launched.

    Returns:
        Whether the optimizer can do that: torch's fused ones can.
    """
    if not getattr(optimizer, "_step_supports_amp_scaling", False):
        return False
    optimizer.found_inf = (~sound).float()  # type: ignore[attr-defined]
    return True


def state_of(
    optimizer: Optimizer, named: Mapping[str, nn.Parameter]
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Tensors, copied to the host, and numbers of the state; both as ``parameter/entry``."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()  # paged states are written behind the host's back
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, float] = {}
    for name, parameter in named.items():
        for entry, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                if entry not in _CONSTANT:
                    tensors[f"{name}/{entry}"] = on_host(value)
            else:
                numbers[f"{name}/{entry}"] = value
    return tensors, numbers


def load_into(
    optimizer: Optimizer,
    named: Mapping[str, nn.Parameter],
    tensors: Mapping[str, Tensor],
    numbers: Mapping[str, float],
) -> None:
    """Put back what :func:`state_of` gave; parameters without a state start without one.

    Raises:
        UserError: a tensor or number is missing, one too many, or of another shape or type.
    """
    import torch

    expected = {f"{name}/" for name in named}
    for found in [*tensors, *numbers]:
        if found[: found.rfind("/") + 1] not in expected:
            raise foreign("no state of this parameter", found)
    optimizer.state.clear()
    for name, parameter in named.items():
        saved = {k.rpartition("/")[2]: v for k, v in tensors.items() if _of(k, name)}
        plain = {k.rpartition("/")[2]: v for k, v in numbers.items() if _of(k, name)}
        if saved or plain:
            _refill(_fresh(optimizer, parameter), name, saved, plain)
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def on_host(tensor: Tensor) -> Tensor:
    """A copy in the host's memory that shares nothing with the tensor."""
    import torch

    return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach())


def foreign(expected: str, got: str) -> UserError:
    """The error for a state that is not of this model and optimizer."""
    return UserError(
        "The saved state is not one of this model and optimizer.",
        expected=expected,
        got=got,
        next_command="python -m paper_repro train --help  (resume with the settings of the run)",
    )


def copy_checked(target: Tensor, value: Tensor, name: str) -> None:
    """Write a saved tensor into its place, refusing another shape or type."""
    if (target.shape, target.dtype) != (value.shape, value.dtype):
        raise foreign(
            f"{name}: {tuple(target.shape)} {target.dtype}", f"{tuple(value.shape)} {value.dtype}"
        )
    target.copy_(value)


def _fresh(optimizer: Any, parameter: nn.Parameter) -> dict[str, Any]:
    """A parameter's state as before its first update, made the optimizer's own."""
    import torch

    if not hasattr(optimizer, "init_state"):
        zeros = {entry: torch.zeros_like(parameter) for entry in ("exp_avg", "exp_avg_sq")}
        steps = torch.zeros((), device=parameter.device)
        optimizer.state[parameter] = {"step": steps, **zeros}
    else:  # bitsandbytes makes its buffers itself, paged ones too
        group, place = next(
            (g, i)
            for g, group in enumerate(optimizer.param_groups)
            for i, tensor in enumerate(group["params"])
            if tensor is parameter
        )
        optimizer.init_state(optimizer.param_groups[group], parameter, group, place)
    state: dict[str, Any] = optimizer.state[parameter]
    return state


def _refill(
    state: dict[str, Any], name: str, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]
) -> None:
    """Write the saved bytes into a fresh state, which says what has to be there."""
    wanted = {entry: hasattr(value, "dtype") for entry, value in state.items()}
    wanted = {entry: is_tensor for entry, is_tensor in wanted.items() if entry not in _CONSTANT}
    if wanted != dict.fromkeys(tensors, True) | dict.fromkeys(numbers, False):
        raise foreign(f"{name}: {', '.join(sorted(wanted))}", ", ".join([*tensors, *numbers]))
    for entry, value in tensors.items():
        copy_checked(state[entry], value, f"{name}/{entry}")
    state.update(numbers)


def _of(key: str, name: str) -> bool:
    return key.rpartition("/")[0] == name
