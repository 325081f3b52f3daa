"""Save adapters and load them again, and see whether the outputs are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paper_repro.quiet import captured
from paper_repro.training.digest import digests
from paper_repro.training.levels import ONE_NAME, Levels, adapter_tensors

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Loaded:
    """A base with an adapter loaded from a folder.

    Attributes:
        outputs: logits, [rows, tokens, vocabulary].
        in_file: tensors that the folder's file holds.
        matched: of those, how many arrived in the model with their bytes.
        warned: whether PEFT warned of keys that the file lacks.
    """

    outputs: Tensor
    in_file: int
    matched: int
    warned: bool


def save(levels: Levels, folder: Path) -> Path:
    """Save every adapter and return the folder of the last one."""
    with captured():
        levels.model.save_pretrained(str(folder))
    return saved_in(folder, levels.last)


def saved_in(folder: Path, name: str) -> Path:
    """Where PEFT saves an adapter: ``default`` in the folder itself, others below by name."""
    return folder if name == ONE_NAME else folder / name


def outputs(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Logits in evaluation mode, [rows, tokens, vocabulary]."""
    import torch

    with captured(), torch.no_grad():
        logits: Tensor = model.eval()(**batch, use_cache=False).logits
    return logits


def load_on(base: PreTrainedModel, folder: Path, batch: Mapping[str, Tensor]) -> Loaded:
    """``PeftModel.from_pretrained(base, folder)``, as the document's loading cell does."""
    with captured() as said:
        from peft import PeftModel
        from safetensors.torch import load_file

        model = PeftModel.from_pretrained(base, str(folder))
        file = digests(load_file(folder / "adapter_model.safetensors"))
        arrived = set(digests(adapter_tensors(model)).values())
        logits = outputs(model, batch)
    return Loaded(
        outputs=logits,
        in_file=len(file),
        matched=sum(digest in arrived for digest in file.values()),
        warned=any("missing adapter keys" in message for message in said),
    )
