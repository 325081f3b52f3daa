"""Build the real model that a ``config.json`` describes, on any device, with no weights read.

``meta_model(config)`` for shapes alone, ``as_nf4(model)`` for how bitsandbytes would hold it,
``check_targets(model, names)`` before LoRA is put on. Code that a model repository brings along
(``auto_map``) is never run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

COUNT = "python -m paper_repro count BASE --lora r=16,targets=q_proj+v_proj"
_IGNORED = ("auto_map", "quantization_config", "_attn_implementation", "attn_implementation")


def meta_model(config: Mapping[str, Any]) -> PreTrainedModel:
    """The model that a ``config.json`` describes, its tensors on the meta device.

    Args and errors as :func:`build_model`.
    """
    return build_model(config, "meta")


def build_model(
    config: Mapping[str, Any], device: str, dtype: str | None = None
) -> PreTrainedModel:
    """The model that a ``config.json`` describes, with random weights.

    Args:
        config: the parsed ``config.json`` of any transformers model.
        device: such as ``meta``, ``cpu`` or ``cuda``.
        dtype: such as ``float32``; the config's own where it is not given.

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
            options = {"dtype": dtype} if dtype else {}
            with torch.device(device):
                model: PreTrainedModel = model_class._from_config(parsed, **options)
            return model
        except Exception as error:  # whatever a malformed config makes the library raise
            raise UserError(
                f"transformers cannot build {model_class.__name__} from this config.",
                expected=f"a complete config.json of type {config['model_type']}",
                got=one_line(error),
                next_command=COUNT,
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
        next_command=COUNT,
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
            next_command=COUNT,
        )


def one_line(error: Exception) -> str:
    """An error's kind and words, on one line of at most 200 letters or so."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
