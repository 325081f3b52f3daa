"""Refuse an adapter that would not change the model: before it is loaded, and after.

:func:`refuse_unsound` asks ``doctor``, which reads the file and needs no weights of the base.
:func:`refuse_silent` then looks at the model itself: has every saved tensor arrived, and does any
layer add anything? An answer is never given in an adapter's name that is the bare base's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.counting.doctor import examine_source
from paper_repro.counting.source import open_source
from paper_repro.errors import UserError
from paper_repro.quiet import captured
from paper_repro.training.levels import canonical

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def refuse_unsound(
    folder: Path, base: str, base_config: Mapping[str, Any], called: Path | None = None
) -> None:
    """Examine a saved adapter before anything large is loaded.

    Args:
        base: name of the base that it would be put on: a hub id, which must be the one that the
            adapter names if it names one, or a folder, of which the shapes are compared.
        base_config: that base's parsed ``config.json``.
        called: the folder that errors name, where ``folder`` is a copy of it.

    Raises:
        UserError: it would change nothing, does not fit, is for another base, is one part of a
            stack, or cannot be read.
    """
    _refuse_part(called or folder)
    with captured():
        diagnosis = examine_source(open_source(str(folder)), base, base_config)
    folder = called or folder
    for symptom in diagnosis.symptoms:
        if symptom.severity == "unsound":
            raise UserError(
                f"The adapter in {folder} is refused ({symptom.name}): {symptom.what}",
                expected=symptom.expected,
                got=symptom.got,
                next_command=f"python -m paper_repro doctor {folder} --base {base}",
            )
    named = diagnosis.facts.named
    if named and named != base and _is_hub_id(named) and _is_hub_id(base):
        raise UserError(
            f"The adapter in {folder} was trained on another base.",
            expected=f"an adapter for {base}",
            got=f"one for {named}, as its {CONFIG} says",
            next_command=f"python -m paper_repro doctor {folder}",
        )


def refuse_silent(model: PeftModel, folder: Path) -> None:
    """Look at a model on which the adapter in ``folder`` has been loaded.

    Raises:
        UserError: a saved tensor is not in the model, or no active layer adds anything.
    """
    _refuse_lost(not_arrived(model, folder), folder)
    if not adds_something(model):
        raise UserError(
            f"With the adapter in {folder} the model answers as the bare base does.",
            expected="a layer with B · A other than zero",
            got="zero in every active layer",
            next_command=f"python -m paper_repro doctor {folder}",
        )


def not_arrived(model: PeftModel, folder: Path) -> list[str]:
    """Names of saved tensors whose numbers are not those of the model's tensor of that name."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    with captured():
        here = get_peft_model_state_dict(model, save_embedding_layers=False)
    return sorted(
        name
        for name, saved in load_file(folder / WEIGHTS).items()
        if name not in here or not here[name].cpu().equal(saved.to(here[name].dtype))
    )


def refuse_lost(put_on: Mapping[str, Tensor], folder: Path) -> None:
    """Look at the tensors of an adapter, by canonical name, that was put on a base from a folder.

    Raises:
        UserError: one of the folder is not among them, or has other numbers.
    """
    from safetensors.torch import load_file

    here = {re.sub(r"(\.lora_\w+)\.[^.]+", r"\1", name): t for name, t in put_on.items()}
    saved = {canonical(name): tensor for name, tensor in load_file(folder / WEIGHTS).items()}
    _refuse_lost(
        sorted(
            name
            for name, tensor in saved.items()
            if name not in here or not here[name].detach().cpu().equal(tensor.to(here[name].dtype))
        ),
        folder,
    )


def adds_something(model: PeftModel) -> bool:
    """Whether a LoRA layer's update is other than zero, for an adapter that is active."""
    from peft.tuners.lora import LoraLayer

    return any(
        bool(layer.get_delta_weight(name).any())  # type: ignore[operator]
        for layer in model.modules()
        if isinstance(layer, LoraLayer)
        for name in layer.active_adapters
        if name in layer.scaling
    )


def _refuse_lost(lost: list[str], folder: Path) -> None:
    if lost:
        raise UserError(
            f"{len(lost)} tensors of the adapter in {folder} did not arrive in the model.",
            expected="every saved tensor in a layer of its name",
            got=lost[0],
            next_command=f"python -m paper_repro doctor {folder}",
        )


def _refuse_part(folder: Path) -> None:
    """An upper part alone answers something, but not what the stack answers."""
    part = folder.resolve()
    whole = part.parent.parent
    if part.parent.name == "parts" and "-on-" in part.name and (whole / "adapter").is_dir():
        raise UserError(
            f"{folder} is one part of a stack.",
            expected="the whole stack, which loads on the bare base",
            got=f"{part.name} alone",
            next_command=f"the same with --adapter {whole}",
        )


def _is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~")) and not Path(name).exists()
