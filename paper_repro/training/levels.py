"""Put a variant's adapters on a base: what is frozen, what is stacked, and in which order.

``put_on(base, procedure, adapters, saved)`` follows one of three procedures with real PEFT and
returns the model with the trail of trainable weights after each step. The base may be on any
device, the meta device too, in any precision or in NF4. Only LoRA is covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from paper_repro.counting.instantiate import is_adapter, weights
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import Tensor, nn
    from transformers import PreTrainedModel

    from paper_repro.study import Adapter

ONE_NAME = "default"
"""PEFT's adapter name where none is given: both adapters of a second wrap bear it."""


class Step(NamedTuple):
    """A step of a procedure and the number of weights that are trainable after it."""

    name: str
    trainable: int


@dataclass(frozen=True)
class Levels:
    """A base with its adapters, ready to train the last one.

    Attributes:
        model: the wrapped base.
        trail: the steps taken.
        earlier: parameters of all adapters but the last, by canonical name, as they were put on
            the base. Those that a later step replaced are no longer in ``model``.
        last: PEFT's name of the adapter that was put on last.
        said: what the libraries warned of.
    """

    model: PeftModel
    trail: tuple[Step, ...]
    earlier: Mapping[str, Tensor]
    last: str
    said: tuple[str, ...]

    @property
    def newest(self) -> dict[str, Tensor]:
        """Adapter parameters that only the last step brought."""
        kept = {id(tensor) for tensor in self.earlier.values()}
        return {
            name: tensor
            for name, tensor in adapter_tensors(self.model).items()
            if id(tensor) not in kept
        }

    @property
    def last_is_new(self) -> bool:
        """Whether all that bears the last adapter's name came with the last step, untrained."""
        return not set(_named(self.model, [self.last])) - set(self.newest)

    @property
    def earlier_alive(self) -> dict[str, Tensor]:
        """Earlier parameters that are still part of the model."""
        alive = {id(tensor) for tensor in self.model.parameters()}
        return {name: tensor for name, tensor in self.earlier.items() if id(tensor) in alive}


def put_on(
    base: PreTrainedModel,
    procedure: str,
    adapters: Sequence[Adapter],
    saved: Mapping[str, Path] | None = None,
) -> Levels:
    """Put adapters on a base by one of the procedures of ``study.Procedure``.

    Args:
        base: changed in place.
        procedure: ``stack``, ``single`` or ``second-wrap``.
        adapters: bottom first.
        saved: folders of trained adapters, by adapter id; those not in it start fresh.

    Raises:
        ValueError: for another procedure, or when ``single`` gets several adapters.
    """
    if procedure == "second-wrap":
        put = _second_wrap
    elif procedure == "stack" or (procedure == "single" and len(adapters) == 1):
        put = _stack
    else:
        raise ValueError(
            f"expected 'stack', 'second-wrap' or 'single' with one adapter, "
            f"got {procedure!r} with {len(adapters)}"
        )
    with captured() as said:
        model, trail, earlier = put(base, adapters, saved or {})
    last = ONE_NAME if procedure == "second-wrap" else adapters[-1].name
    return Levels(model, tuple(trail), earlier, last, tuple(said))


def lora_config(adapter: Adapter) -> LoraConfig:
    """The adapter as PEFT's config."""
    from peft import LoraConfig

    return LoraConfig(
        r=adapter.r,
        lora_alpha=adapter.lora_alpha,
        lora_dropout=adapter.lora_dropout,
        target_modules=list(adapter.target_modules),
        task_type="CAUSAL_LM",
    )


def trainable(model: nn.Module) -> int:
    """Weights whose ``requires_grad`` is set."""
    return sum(weights(tensor) for tensor in model.parameters() if tensor.requires_grad)


def canonical(name: str) -> str:
    """A parameter's name without the prefixes that wrapping adds, however often it was done."""
    while name.startswith("base_model.model."):
        name = name.removeprefix("base_model.model.")
    return name.replace(".base_layer.", ".")


def adapter_tensors(model: nn.Module) -> dict[str, Tensor]:
    """LoRA parameters by canonical name."""
    return {canonical(n): t for n, t in model.named_parameters() if is_adapter(n)}


def base_parameters(model: nn.Module) -> dict[str, Tensor]:
    """All other parameters by canonical name."""
    return {canonical(n): t for n, t in model.named_parameters() if not is_adapter(n)}


_Put = tuple["PeftModel", list[Step], dict[str, "Tensor"]]


def _stack(base: PreTrainedModel, adapters: Sequence[Adapter], saved: Mapping[str, Path]) -> _Put:
    """Named adapters, all active, only the last trainable."""
    trail = [_prepare(base)] if getattr(base, "is_loaded_in_4bit", False) else []
    first, *others = adapters
    model = _first(base, first, first.name, saved)
    trail.append(Step(f"{first.name} put on", trainable(model)))
    for adapter in others:
        _add(model, adapter, saved)
    earlier = _named(model, [adapter.name for adapter in adapters[:-1]])
    if others:
        names = [adapter.name for adapter in adapters]
        model.base_model.set_adapter(names)  # type: ignore[operator]
        trail.append(Step(f"{' and '.join(names)} active", trainable(model)))
        model.set_requires_grad(names[:-1], requires_grad=False)
        trail.append(Step(f"{' and '.join(names[:-1])} frozen", trainable(model)))
    return model, trail, earlier


def _second_wrap(
    base: PreTrainedModel, adapters: Sequence[Adapter], saved: Mapping[str, Path]
) -> _Put:
    """The cells in their order: load trainable, prepare, wrap again under the same name."""
    from peft import get_peft_model

    first, *others = adapters
    model = _first(base, first, ONE_NAME, saved)
    trail = [Step(f"{first.name} loaded as trainable", trainable(model)), _prepare(model)]
    earlier: dict[str, Tensor] = {}
    for adapter in others:
        earlier = adapter_tensors(model)
        model = get_peft_model(model, lora_config(adapter))
        trail.append(Step("get_peft_model again", trainable(model)))
    return model, trail, earlier


def _prepare(model: nn.Module) -> Step:
    from peft import prepare_model_for_kbit_training

    prepare_model_for_kbit_training(model)
    return Step("prepare_model_for_kbit_training", trainable(model))


def _first(
    base: PreTrainedModel, adapter: Adapter, name: str, saved: Mapping[str, Path]
) -> PeftModel:
    from peft import PeftModel, get_peft_model

    if adapter.id in saved:
        return PeftModel.from_pretrained(
            base, saved[adapter.id], adapter_name=name, is_trainable=True
        )
    return get_peft_model(base, lora_config(adapter), adapter_name=name)


def _add(model: PeftModel, adapter: Adapter, saved: Mapping[str, Path]) -> None:
    if adapter.id in saved:
        model.load_adapter(str(saved[adapter.id]), adapter_name=adapter.name)
    else:
        model.add_adapter(adapter.name, lora_config(adapter))


def _named(model: PeftModel, names: Iterable[str]) -> dict[str, Tensor]:
    found = adapter_tensors(model)
    return {n: t for n, t in found.items() if set(n.split(".")[-2:]) & set(names)}
