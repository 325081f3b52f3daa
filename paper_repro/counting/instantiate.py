"""Count parameters by building the real architecture on the meta device, under the real PEFT.

Use :func:`count_instantiated` where there is no closed form, and as the second, independent way
where there is one. Integers are read off the tensors' shapes; no weights are made or read, so
Qwen2-VL-2B takes a second and half a gigabyte. It needs torch, transformers and PEFT
(bitsandbytes for ``nf4``), and never runs code that a model repository brings along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor, nn
    from transformers import PreTrainedModel

    from paper_repro.counting.lora import LoraSpec

_COUNT = "python -m paper_repro count BASE --lora r=16,targets=q_proj+v_proj"
ALL_LINEAR = ("all-linear",)
_IGNORED = ("auto_map", "quantization_config", "_attn_implementation", "attn_implementation")


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


def meta_model(config: Mapping[str, Any]) -> PreTrainedModel:
    """The model that a ``config.json`` describes, its tensors on the meta device.

    Args:
        config: the parsed ``config.json`` of any transformers model.

    Raises:
        UserError: when the config is of no architecture that transformers itself defines, or is
            not one that it can build.
    """
    with captured():
        import torch
        from transformers import CONFIG_MAPPING

        model_class = _model_class(config)
        try:
            settings = {key: config[key] for key in config if key not in _IGNORED}
            parsed = CONFIG_MAPPING[str(config["model_type"])].from_dict(settings)
            with torch.device("meta"):
                return model_class._from_config(parsed, attn_implementation="eager")
        except Exception as error:  # whatever a malformed config makes the library raise
            raise UserError(
                f"transformers cannot build {model_class.__name__} from this config.",
                expected=f"a complete config.json of type {config['model_type']}",
                got=_one_line(error),
                next_command=_COUNT,
            ) from error


def _model_class(config: Mapping[str, Any]) -> type[PreTrainedModel]:
    import transformers

    named = config.get("architectures")
    name = named[0] if isinstance(named, list) and named else None
    found = getattr(transformers, name, None) if isinstance(name, str) else None
    if name is None:
        found = _auto_class(config.get("model_type"))
    known = isinstance(found, type) and issubclass(found, transformers.PreTrainedModel)
    if known and config.get("model_type") in transformers.CONFIG_MAPPING:
        return found  # type: ignore[return-value]
    remote = "; it asks to run its repository's own code (auto_map)" if "auto_map" in config else ""
    raise UserError(
        "The config is of no architecture that the installed transformers defines.",
        expected="a model_type and architectures that transformers has built in",
        got=f"model_type {config.get('model_type')!r}, architectures {named!r}{remote}",
        next_command=_COUNT,
    )


def _auto_class(model_type: object) -> type | None:
    from transformers.models.auto import modeling_auto as auto

    for mapping in (
        auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
        auto.MODEL_MAPPING_NAMES,
    ):
        name = mapping.get(str(model_type))
        if isinstance(name, str):
            import transformers

            return getattr(transformers, name, None)
    return None


def as_nf4(model: PreTrainedModel) -> PreTrainedModel:
    """Replace the linear layers of a meta model by bitsandbytes' NF4 ones, as loading would.

    The same rule as ``from_pretrained``: every ``nn.Linear`` but the output head. The tensors keep
    their full shapes, because packing happens when weights arrive.
    """
    with captured():
        from transformers import BitsAndBytesConfig
        from transformers.quantizers.auto import AutoHfQuantizer

        quantizer = AutoHfQuantizer.from_config(
            BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True
            ),
            pre_quantized=False,
        )
        quantizer.preprocess_model(model, device_map=None)
        model.is_loaded_in_4bit = True  # type: ignore[assignment]
    return model


def is_4bit(tensor: Tensor) -> bool:
    """Whether bitsandbytes holds this tensor in 4 bits (or will, once it leaves meta)."""
    return type(tensor).__name__ == "Params4bit"


def weights(tensor: Tensor) -> int:
    """Number of weights that a tensor holds: two in each byte of a packed 4-bit one."""
    packed = is_4bit(tensor) and not tensor.is_floating_point()
    return tensor.numel() * (2 * tensor.element_size() if packed else 1)


def stored(tensor: Tensor) -> int:
    """Number of elements a tensor has in memory: half its weights, rounded up, in 4 bits."""
    return (weights(tensor) + 1) // 2 if is_4bit(tensor) else tensor.numel()


def is_adapter(name: str) -> bool:
    """Whether a parameter of that name belongs to a LoRA adapter."""
    return ".lora_" in name


def linear_names(model: nn.Module) -> list[str]:
    """The last parts of the names of all linear layers, sorted: what LoRA can be put on."""
    from torch.nn import Linear

    return sorted(
        {
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            if isinstance(module, Linear)
        }
    )


def check_targets(model: nn.Module, targets: Iterable[str]) -> None:
    """Refuse module names that match no layer, which PEFT passes over while another matches.

    Raises:
        UserError: naming the linear layers that do exist.
    """
    names = [name for name, _ in model.named_modules()]
    missing = [
        target
        for target in targets
        if not any(name == target or name.endswith(f".{target}") for name in names)
    ]
    if missing:
        raise UserError(
            f"No layer of {type(model).__name__} is called {' or '.join(missing)}.",
            expected=f"names among {', '.join(linear_names(model))}",
            got=", ".join(missing),
            next_command=_COUNT,
        )


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
        from peft import LoraConfig, get_peft_model

        names = _names(loras)
        for spec in loras:
            if spec.targets != ALL_LINEAR:
                check_targets(bare, spec.targets)
        configs = [
            LoraConfig(r=spec.r, target_modules=_targets(spec), task_type="CAUSAL_LM")
            for spec in loras
        ]
        try:
            model = get_peft_model(bare, configs[0], adapter_name=names[0])
            for name, config in zip(names[1:], configs[1:], strict=True):
                model.add_adapter(name, config)
        except ValueError as error:
            raise UserError(
                f"PEFT cannot put LoRA on these modules of {type(bare).__name__}.",
                expected=f"linear layers, among {', '.join(linear_names(bare))}",
                got=_one_line(error),
                next_command=_COUNT,
            ) from error
        model.base_model.set_adapter(names)
        frozen = [name for name, spec in zip(names, loras, strict=True) if spec.frozen]
        model.set_requires_grad(frozen, requires_grad=False)
    return model


def _targets(spec: LoraSpec) -> str | list[str]:
    return "all-linear" if spec.targets == ALL_LINEAR else list(spec.targets)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
