"""Is a saved LoRA adapter what it says? Examine it without the base's weights.

``examine("folder or hub id")`` builds the base from its config on the meta device, lets the
installed PEFT put the adapter's config on it and load tensors of the saved shapes, and compares.
Of the saved file it reads the header, and the numbers as far as :mod:`values` says. It needs
torch, transformers and PEFT; pickles are never loaded and remote code is never run. It does not
say whether the adapter is any good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.checkpoint import read_checkpoint, read_json
from paper_repro.counting.facts import PREFIX, Answer, Diagnosis, Facts, Shape, Symptom
from paper_repro.counting.naming import doubled
from paper_repro.counting.source import Source, open_source
from paper_repro.counting.symptoms import diagnose
from paper_repro.counting.values import look, module_of
from paper_repro.errors import UserError

if TYPE_CHECKING:
    from peft import PeftModel

__all__ = ["Answer", "Diagnosis", "Symptom", "examine", "examine_source"]

CONFIG = "adapter_config.json"
NO_BASE = "no base named"


@dataclass(frozen=True)
class _Loading:
    """What PEFT expects, and what its loading makes of the saved names."""

    architecture: str
    expected: Mapping[str, Shape]
    missing: frozenset[str]
    unexpected: frozenset[str]
    refusal: str


def examine(adapter: str, base: str | None = None) -> Diagnosis:
    """Examine a saved adapter.

    Args:
        adapter: a folder with ``adapter_config.json`` and ``adapter_model.safetensors``, or a hub
            id of such a repository.
        base: folder with ``config.json`` or hub id; unset: the one that the adapter names.

    Raises:
        UserError: when the adapter or the base's config cannot be read (exit status 2).
    """
    return examine_source(open_source(adapter), base)


def examine_source(
    source: Source, base: str | None = None, base_config: Mapping[str, Any] | None = None
) -> Diagnosis:
    """:func:`examine`, for a folder or repository that is open already.

    Args:
        base_config: the base's parsed ``config.json``, where the caller has it.
    """
    siblings = tuple(
        sorted(
            file.removesuffix(f"/{CONFIG}") for file in source.files if file.endswith(f"/{CONFIG}")
        )
    )
    if CONFIG not in source.files and siblings:
        raise _a_stack(source, siblings)
    config = read_json(source, CONFIG)
    if config.get("peft_type") != "LORA":
        raise _unfit(
            source, "a LoRA adapter (peft_type LORA)", f"peft_type {config.get('peft_type')!r}"
        )
    named = config.get("base_model_name_or_path")
    checkpoint = read_checkpoint(source, "adapter_model")
    shapes = {name: tensor.shape for name, tensor in checkpoint.tensors.items()}
    onto = base or named
    if isinstance(onto, str) and onto:
        loading = _load_on_meta(base_config or _base_config(source, onto, base), config, shapes)
    elif doubled(shapes):
        onto, loading = NO_BASE, _by_names(config, shapes)
    else:
        raise _unfit(source, "base_model_name_or_path, or --base", repr(named))
    matching = {module_of(name) for name in shapes.keys() - loading.unexpected - loading.missing}
    modules = [module for module in matching if module is not None]
    facts = Facts(
        adapter=source.name,
        base=onto,
        named=named if isinstance(named, str) else None,
        architecture=loading.architecture,
        config=config,
        checkpoint=checkpoint,
        expected=loading.expected,
        missing=loading.missing,
        unexpected=loading.unexpected,
        refusal=loading.refusal,
        values=look(source, checkpoint, modules) if modules and not loading.refusal else None,
        siblings=siblings,
    )
    return diagnose(facts)


def _by_names(config: Mapping[str, Any], saved: Mapping[str, Shape]) -> _Loading:
    """What a doubled prefix says without a base: PEFT saves one name under it, and its second
    wrap names no base. Expected are the names of the config's modules with one prefix less."""
    listed = config.get("target_modules")
    targets = frozenset(listed if isinstance(listed, list) else ())
    expected = {
        name.removeprefix(PREFIX): shape
        for name, shape in saved.items()
        if (module_of(name) or "").rpartition(".")[2] in targets
    }
    strangers = frozenset(saved)
    return _Loading("judged by the tensors' names", expected, frozenset(expected), strangers, "")


def _base_config(source: Source, onto: str, base: str | None) -> dict[str, Any]:
    try:
        return resolve_base(onto)[1]
    except UserError as error:
        if base is not None:
            raise
        raise UserError(
            f"The base that {source.name} names cannot be found.",
            expected="base_model_name_or_path to be a folder on this machine or a hub id",
            got=f"{onto!r}: {error.got}",
            next_command=f"python -m paper_repro doctor {source.name} --base FOLDER_OR_HUB_ID",
        ) from None


def _load_on_meta(
    base: Mapping[str, Any], config: Mapping[str, Any], saved: Mapping[str, Shape]
) -> _Loading:
    """Put the adapter on the base and load tensors of the saved shapes, all without numbers."""
    from paper_repro.counting.instantiate import meta_model
    from paper_repro.quiet import captured

    model = meta_model(base)
    architecture = type(model).__name__
    with captured():
        import torch
        from peft import PeftConfig, get_peft_model, get_peft_model_state_dict

        plain = dict(config) | {"init_lora_weights": True, "inference_mode": True}
        plain.pop("runtime_config", None)
        try:
            with torch.device("meta"):
                wrapped = get_peft_model(model, PeftConfig.from_peft_type(**plain))
            state = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
        except Exception as error:  # whatever a config that does not fit makes the library raise
            return _Loading(architecture, {}, frozenset(), frozenset(saved), _one_line(error))
        expected = {name: tuple(tensor.shape) for name, tensor in state.items()}
        try:
            missing, unexpected = _peft_loads(wrapped, saved)
        except Exception as error:  # likewise, of tensors that do not fit
            strangers = frozenset(saved.keys() - expected.keys())
            gone = frozenset(expected.keys() - saved.keys())
            return _Loading(architecture, expected, gone, strangers, _one_line(error))
    return _Loading(
        architecture, expected, frozenset(missing) & expected.keys(), frozenset(unexpected), ""
    )


def _peft_loads(
    model: PeftModel | Any, saved: Mapping[str, Shape]
) -> tuple[Iterable[str], Iterable[str]]:
    """Names that PEFT's own loading reports as missing and as unexpected."""
    import torch
    from peft import set_peft_model_state_dict

    tensors = {name: torch.empty(shape, device="meta") for name, shape in saved.items()}
    result: Any = set_peft_model_state_dict(
        model, tensors, ignore_mismatched_sizes=True, low_cpu_mem_usage=True
    )
    return (
        [_without_adapter_name(name) for name in result.missing_keys],
        [_without_adapter_name(name) for name in result.unexpected_keys],
    )


def _without_adapter_name(key: str) -> str:
    return "".join(key.rsplit(".default", 1))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _a_stack(source: Source, names: tuple[str, ...]) -> UserError:
    return UserError(
        f"{source.name} holds a stack of adapters, each in a folder of its own.",
        expected="the folder of one adapter",
        got=", ".join(names),
        next_command=f"python -m paper_repro doctor {source.name}/{names[-1]}",
    )


def _unfit(source: Source, expected: str, got: str) -> UserError:
    return UserError(
        f"{source.name}/{CONFIG} cannot be examined.",
        expected=expected,
        got=got,
        next_command=f"python -m paper_repro doctor {source.name} --base FOLDER_OR_HUB_ID",
    )
