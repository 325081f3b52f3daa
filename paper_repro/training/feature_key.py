"""What decides the numbers that a frozen tower gives for a frame, as one digest.

``tower_of(model, processor)`` reads it off both; ``refuse_changing(model)`` says where nothing
could be kept, as the tower does not stay the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from paper_repro.counting.instantiate import is_adapter
from paper_repro.engine.model import tower_is_frozen
from paper_repro.errors import UserError
from paper_repro.training.digest import digests

FORMAT = 1
"""Of the files in which outputs are kept, and of the package's way through the tower."""
_NAMES = ("transformers_version", "_name_or_path", "processor_class")
"""Entries of a configuration that say where it comes from, not what is computed."""


@dataclass(frozen=True)
class Tower:
    """What outputs are kept of.

    Attributes:
        key: digest of the tower's weights and configuration, of how the processor prepares
            pictures, and of the types that are computed and kept in.
        dtype: PyTorch's type of the outputs.
        width: numbers of one image token.
        merge: patches along one side of an image token.
    """

    key: str
    dtype: Any
    width: int
    merge: int


def tower_of(whole: Any, processor: Any) -> Tower:
    """The tower as it stands: every weight is hashed.

    Args:
        whole: a Qwen2-VL, without what PEFT has wrapped it in. Under autocast its type counts too.
        processor: a Qwen2-VL's.
    """
    visual, pictures = whole.model.visual, processor.image_processor
    parts = {
        "format": FORMAT,
        "weights": digests(visual.state_dict()),
        "configuration": _without_names(visual.config.to_dict()),
        "pictures": _without_names(json.loads(pictures.to_json_string())),
        "types": [str(visual.dtype), _autocast(whole)],
    }
    key = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]
    width: int = whole.get_input_embeddings().weight.shape[1]
    return Tower(key, visual.dtype, width, pictures.merge_size)


def refuse_changing(whole: Any) -> None:
    """Refuse a tower whose outputs for a frame do not stay the same.

    Raises:
        UserError: it is trained, or an adapter reaches it, whose dropout is another at each pass.
    """
    reached = [name for name, _ in whole.model.visual.named_parameters() if is_adapter(name)]
    if tower_is_frozen(whole) and not reached:
        return
    what = f"{reached[0]}, of an adapter" if reached else "one that is trained"
    raise UserError(
        "The vision tower's outputs cannot be kept: they do not stay the same.",
        expected="a frozen vision tower that no adapter reaches",
        got=what,
        next_command="the same command with --no-features",
    )


def _autocast(whole: Any) -> str:
    import torch

    device = whole.get_input_embeddings().weight.device.type
    return str(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else ""


def _without_names(configuration: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in configuration.items() if name not in _NAMES}
