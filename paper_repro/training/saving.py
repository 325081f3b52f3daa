"""What a run leaves for others: an adapter that plain PEFT loads on the bare base, or a base.

A stack's upper adapter means nothing without the lower one. So ``adapter`` holds both as one: PEFT
lays their matrices side by side, which adds their updates exactly, and the rank is the sum. The
named parts stand in ``parts``, where the upper one's name says what it stands on:

    DIR/adapter                      one adapter of rank 48, for the bare base
    DIR/parts/unified                Level 1 as it was put on the base
    DIR/parts/spatial-on-unified     Level 2, for use on top of that one alone

Everything is written into a neighbour first and then moved into place.
"""

from __future__ import annotations

import copy
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.quiet import captured
from paper_repro.training.bases import forked_rng
from paper_repro.training.levels import ONE_NAME

if TYPE_CHECKING:
    from peft import PeftModel

    from paper_repro.training.base import Base
    from paper_repro.training.levels import Levels

ADAPTER, PARTS, BASE = "adapter", "parts", "base"
STACKED = "stacked"
CARD = "README.md"


def save_adapters(levels: Levels, folder: Path, base_name: str) -> None:
    """Save what a run trained, and what it lay on, below a run's folder."""
    model, passing = levels.model, _fresh(folder / ".saving")
    names = list(model.peft_config)
    with captured():
        for name in names:
            model.peft_config[name].base_model_name_or_path = base_name
        if len(names) == 1:
            _save(model, names[0], passing / ADAPTER)
        else:
            _lay_side_by_side(model, names)
            model.peft_config[STACKED].base_model_name_or_path = base_name
            _save(model, STACKED, passing / ADAPTER)
            model.delete_adapter(STACKED)
            for place, name in enumerate(names):
                part = "-on-".join([name, *reversed(names[:place])])
                _save(model, name, passing / PARTS / part)
    _into_place(passing, folder)


def _lay_side_by_side(model: PeftModel, names: list[str]) -> None:
    """Where an adapter has no matrix PEFT leaves random numbers times zero, which may be -0."""
    import torch

    with forked_rng():
        torch.manual_seed(0)
        model.add_weighted_adapter(names, [1.0] * len(names), STACKED, combination_type="cat")
    layers: list[Any] = [layer for layer in model.modules() if hasattr(layer, "lora_A")]
    for layer in layers:
        if STACKED in layer.lora_A:
            _as_exact(layer, [name for name in names if name in layer.lora_A])


def _as_exact(layer: Any, names: list[str]) -> None:
    """PEFT makes the matrices in the base's type, and in 16 bits rounds what was trained in 32."""
    import torch

    exact = layer.lora_A[names[0]].weight.dtype
    if layer.lora_A[STACKED].weight.dtype == exact:
        return
    first = torch.cat([layer.lora_A[name].weight * layer.scaling[name] for name in names], dim=0)
    second = torch.cat([layer.lora_B[name].weight for name in names], dim=1)
    with torch.no_grad():
        layer.lora_A[STACKED].to(exact).weight[: len(first)] = first
        layer.lora_B[STACKED].to(exact).weight[:, : len(first)] = second


def save_base(base: Base, folder: Path) -> None:
    """Save a base that was trained, in float16, with its processor."""
    passing = _fresh(folder / ".saving")
    with captured():
        half = copy.deepcopy(base.model).half()
        half.save_pretrained(passing / BASE)
        base.processor.save_pretrained(passing / BASE)
    _into_place(passing, folder)


def _save(model: PeftModel, name: str, target: Path) -> None:
    """PEFT saves an adapter below the folder under its name, unless that is the default one, and
    beside it a card that is a form to fill in."""
    beside = target.parent / f".{target.name}"
    model.save_pretrained(str(beside), selected_adapters=[name], save_embedding_layers=False)
    for form in beside.rglob(CARD):
        form.unlink()
    os.replace(beside if name == ONE_NAME else beside / name, target)
    shutil.rmtree(beside, ignore_errors=True)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _into_place(passing: Path, folder: Path) -> None:
    for made in passing.iterdir():
        shutil.rmtree(folder / made.name, ignore_errors=True)
        os.replace(made, folder / made.name)
    passing.rmdir()
