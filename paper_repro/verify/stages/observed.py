"""What :mod:`paper_repro.training.observe` saw, as values and the words for them."""

from __future__ import annotations

from collections.abc import Callable

from paper_repro.judging import Value
from paper_repro.training.observe import Observed


def base_unchanged(seen: Observed) -> tuple[Value, str]:
    """Whether every base tensor kept its bytes."""
    return not seen.base_changed, (
        f"SHA-256 of {seen.base} base tensors before and after {_steps(seen)}: "
        f"{len(seen.base_changed)} differ"
    )


def base_trainable(seen: Observed) -> tuple[Value, str]:
    """How many base weights could receive gradients."""
    return (
        seen.base_trainable,
        f"requires_grad is set on {seen.base_trainable:,} base weights during {_steps(seen)}",
    )


def lower_unchanged(seen: Observed) -> tuple[Value, str]:
    """Whether every earlier adapter tensor kept its bytes."""
    text = (
        f"SHA-256 of {seen.earlier} earlier adapter tensors as loaded and after {_steps(seen)}: "
        f"{len(seen.earlier_changed)} differ"
    )
    if seen.earlier_changed:
        replaced = len(seen.earlier_replaced)
        text += f", {replaced} replaced by the last step and {_trained_on(seen)} trained on"
    return not seen.earlier_changed, text


def lower_trainable(seen: Observed) -> tuple[Value, str]:
    """Whether the earlier adapter received gradients."""
    return seen.earlier_trainable, (
        f"{_trained_on(seen)} of {seen.earlier} earlier adapter tensors moved in {_steps(seen)}"
    )


def trainable_only(seen: Observed) -> tuple[Value, str]:
    """Whether the newest adapter moved and nothing else did."""
    earlier = _trained_on(seen)
    only = bool(seen.newest_changed) and not (earlier or seen.base_changed)
    return only, (
        f"{_steps(seen)} moved {len(seen.newest_changed)} of {seen.newest} tensors of the newest "
        f"adapter, {earlier} of earlier ones and {len(seen.base_changed)} of the base"
    )


def _trained_on(seen: Observed) -> int:
    return len(set(seen.earlier_changed) - set(seen.earlier_replaced))


def _steps(seen: Observed) -> str:
    return f"{len(seen.losses)} steps of {seen.optimizer}"


OBSERVED: dict[str, Callable[[Observed], tuple[Value, str]]] = {
    "base.unchanged": base_unchanged,
    "base.trainable": base_trainable,
    "lower.unchanged": lower_unchanged,
    "lower.trainable": lower_trainable,
    "trainable.only": trainable_only,
}
