"""Find one's way in a Qwen2-VL that PEFT has wrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def unwrapped(model: nn.Module) -> Any:
    """The Qwen2-VL itself, with the adapters' layers inside it."""
    whole: Any = model
    while hasattr(whole, "get_base_model"):
        whole = whole.get_base_model()
    return whole


def tower_is_frozen(whole: Any) -> bool:
    """Whether no parameter of a Qwen2-VL's vision tower is trained."""
    return not any(tensor.requires_grad for tensor in whole.model.visual.parameters())
