"""Count parameters by building the real architecture on the meta device, under the real PEFT.

Use :func:`count_instantiated` where there is no closed form, and as the second, independent way
where there is one. Integers are read off the tensors' shapes; no weights are made or read, so
Qwen2-VL-2B takes a second and half a gigabyte. It needs torch, transformers and PEFT
(bitsandbytes for ``nf4``), and never runs code that a model repository brings along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_repro.counting.build import (
    COUNT,
    as_nf4,
    check_targets,
    linear_names,
    meta_model,
    one_line,
)
from paper_repro.errors import UserError
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

    from paper_repro.counting.lora import LoraSpec

__all__ = ["Instantiated", "count_instantiated", "is_adapter", "meta_model", "stored", "weights"]

ALL_LINEAR = ("all-linear",)


@dataclass(frozen=True)
class Instantiated:
    """What the tensors of one model with its adapters add up to, in parameters.

    Attributes:
        base: weights of the base, tied ones once; a 4-bit weight counts as one weight.
        adapters: weights of each adapter, bottom first.
        trainable: weights whose ``requires_grad`` is set.
        stored: elements as they lie in memory, two 4-bit weights in one byte: what a plain sum of
            ``numel()`` prints for a base and adapters that are loaded in NF4.
        peft: what ``get_nb_trainable_parameters`` calls all parameters of this meta model. It
            doubles 4-bit tensors, which here are not packed yet, and multiplies by the bytes of
            their type, so for ``nf4`` it is far above the true total; ``None`` without adapters.
    """

    base: int
    adapters: tuple[int, ...]
    trainable: int
    stored: int
    peft: int | None

    @property
    def total(self) -> int:
        """Base and adapters."""
        return self.base + sum(self.adapters)


def is_4bit(tensor: Tensor) -> bool:
    """Whether bitsandbytes holds this tensor in 4 bits (or will, once it leaves meta)."""
    return type(tensor).__name__ == "Params4bit"


def weights(tensor: Tensor) -> int:
    """Number of weights that a tensor holds: two in each byte of a packed 4-bit one."""
    return tensor.numel() * (2 * tensor.element_size() if _packed(tensor) else 1)


def stored(tensor: Tensor) -> int:
    """Number of elements a tensor has in memory; of a 4-bit one that is not packed yet, the
    bytes that it will have: half its weights, rounded up."""
    unpacked = is_4bit(tensor) and not _packed(tensor)
    return (tensor.numel() + 1) // 2 if unpacked else tensor.numel()


def _packed(tensor: Tensor) -> bool:
    return is_4bit(tensor) and bool(getattr(tensor, "bnb_quantized", False))


def is_adapter(name: str) -> bool:
    """Whether a parameter of that name belongs to a LoRA adapter."""
    return ".lora_" in name


def count_instantiated(
    config: Mapping[str, Any], loras: Sequence[LoraSpec], quantize: str | None = None
) -> Instantiated:
    """Count a base with a stack of LoRA adapters.

    Args:
        config: the base's parsed ``config.json``.
        loras: bottom first; all but the ``frozen`` ones are trainable.
        quantize: ``"nf4"`` for a base in 4 bits.

    Raises:
        UserError: when the config cannot be built or a module name matches no layer.
    """
    bare = meta_model(config)
    if quantize == "nf4":
        as_nf4(bare)
    base = sum(weights(tensor) for tensor in bare.parameters())
    if not loras:
        plain = sum(stored(tensor) for tensor in bare.parameters())
        return Instantiated(base, adapters=(), trainable=0, stored=plain, peft=None)
    model = _wrap(bare, loras)
    named = list(model.named_parameters())
    return Instantiated(
        base=base,
        adapters=tuple(
            sum(weights(tensor) for name, tensor in named if f".{adapter}." in name)
            for adapter in _names(loras)
        ),
        trainable=sum(weights(tensor) for _, tensor in named if tensor.requires_grad),
        stored=sum(stored(tensor) for _, tensor in named),
        peft=model.get_nb_trainable_parameters()[1],
    )


def _names(loras: Sequence[LoraSpec]) -> list[str]:
    return [f"adapter-{number}" for number in range(len(loras))]


def _wrap(bare: PreTrainedModel, loras: Sequence[LoraSpec]) -> PeftModel:
    with captured():
        import torch
        from peft import LoraConfig, get_peft_model

        names = _names(loras)
        for spec in loras:
            if spec.targets != ALL_LINEAR:
                check_targets(bare, spec.targets)
        configs = [LoraConfig(r=spec.r, target_modules=_targets(spec)) for spec in loras]
        try:
            with torch.device("meta"):
                model = get_peft_model(bare, configs[0], adapter_name=names[0])
                for name, config in zip(names[1:], configs[1:], strict=True):
                    model.add_adapter(name, config)
        except ValueError as error:
            raise UserError(
                f"PEFT cannot put LoRA on these modules of {type(bare).__name__}.",
                expected=f"linear layers, among {', '.join(linear_names(bare))}",
                got=one_line(error),
                next_command=COUNT,
            ) from error
        model.base_model.set_adapter(names)  # type: ignore[operator]
        frozen = [name for name, spec in zip(names, loras, strict=True) if spec.frozen]
        model.set_requires_grad(frozen, requires_grad=False)
    return model


def _targets(spec: LoraSpec) -> str | list[str]:
    return "all-linear" if spec.targets == ALL_LINEAR else list(spec.targets)
