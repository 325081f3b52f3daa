"""A trained model, ready to be asked: base, processor and adapter, from folders or the hub.

``load(runs.of_run(folder))`` loads what a run trained; ``load(Wanted("full", base, adapter=name))``
any other pair. The adapter must be one that changes the base, else it is refused (``soundness``).
Weights are read from safetensors only, and code from a repository is never run.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.counting.bases import read_config
from paper_repro.data.hub import snapshot
from paper_repro.data.processor import load_processor
from paper_repro.errors import UserError
from paper_repro.quiet import captured
from paper_repro.training.base import base_folder, base_named
from paper_repro.training.renamed import readable
from paper_repro.training.soundness import CONFIG, WEIGHTS, refuse_silent

if TYPE_CHECKING:
    from torch import nn

MINIATURE = (
    "Answered by the miniature, which knows drawn frames only: a demonstration, not a reading of a "
    "real picture."
)
FULL = "Answered by a research model; it is not for use in the care of patients."


@dataclass(frozen=True)
class Wanted:
    """What to load.

    Attributes:
        size: ``mini`` or ``full``.
        base: folder or hub id of a base with its processor.
        adapter: folder or hub id; None asks the bare base.
    """

    size: str
    base: str
    base_revision: str | None = None
    adapter: str | None = None
    adapter_revision: str | None = None


@dataclass(frozen=True)
class Loaded:
    """A model that can be asked, and what it is.

    Attributes:
        device, precision: where it runs and the type of its weights.
    """

    wanted: Wanted
    model: nn.Module = field(repr=False)
    processor: Any = field(repr=False)
    device: str
    precision: str

    @property
    def note(self) -> str:
        """What must be said with every answer."""
        return MINIATURE if self.wanted.size == "mini" else FULL

    def to_json(self) -> dict[str, str | None]:
        """Plain data."""
        return asdict(self.wanted) | {"device": self.device, "precision": self.precision}


def load(wanted: Wanted, device: str | None = None) -> Loaded:
    """Load base, processor and adapter; the adapter is looked at before the base is read.

    Args:
        device: ``cpu`` or ``cuda``; where it is not given, ``cuda`` if there is a card.

    Raises:
        UserError: something cannot be had, does not fit, or would change nothing.
    """
    device = choose_device(device)
    wanted = replace(wanted, base=base_named(wanted.base))
    base = base_folder(wanted.base, wanted.base_revision)
    config = read_config(base / "config.json")  # transformers would take a default one
    with ExitStack() as held:
        adapter = place = None
        if wanted.adapter is not None:
            adapter = _adapter_folder(wanted.adapter, wanted.adapter_revision)
            place, _ = held.enter_context(readable(adapter, wanted.base, config))
        processor = load_processor(base)
        model = _base_model(base, device, wanted.size)
        if place is not None:
            model = _with_adapter(model, place)
    found = replace(
        wanted,
        base_revision=_commit(base, wanted.base),
        adapter_revision=_commit(adapter, wanted.adapter),
    )
    precision = str(next(model.parameters()).dtype).removeprefix("torch.")
    return Loaded(found, model.eval(), processor, device, precision)


def choose_device(device: str | None) -> str:
    """``cpu`` or ``cuda``, as asked for or as there is.

    Raises:
        UserError: it is neither, or there is no such device here.
    """
    import torch

    here = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    if device is None:
        return here[-1]
    if device.partition(":")[0] not in here:
        raise UserError(
            f"There is no device {device!r} here.",
            expected=" or ".join(here),
            got=device,
            next_command="the same with --device cpu",
        )
    return device


def _base_model(folder: Path, device: str, size: str) -> Any:
    """In float32 where it is small or in bfloat16; in float16 on cards without bfloat16 units."""
    import torch
    from transformers import Qwen2VLForConditionalGeneration

    dtype = torch.float32 if size == "mini" else torch.bfloat16
    if size == "full" and device != "cpu":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        dtype = torch.bfloat16 if native else torch.float16
    try:
        with captured():
            model = Qwen2VLForConditionalGeneration.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True
            )
            return model.to(device)  # type: ignore[arg-type]
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The base in {folder} cannot be loaded.",
            expected="config.json and safetensors of a Qwen2-VL, and room for them",
            got=f"{type(error).__name__}: {error}".splitlines()[0],
            next_command=f"ls -l {folder}",
        ) from None


def _with_adapter(base: Any, folder: Path) -> Any:
    with captured():
        from peft import PeftModel

        model = PeftModel.from_pretrained(base, str(folder))
    refuse_silent(model, folder)
    return model


def _adapter_folder(where: str, revision: str | None) -> Path:
    if Path(where).is_dir():
        return Path(where)
    return snapshot(where, "model", revision, (CONFIG, WEIGHTS))


def _commit(folder: Path | None, where: str | None) -> str | None:
    """Of a repository, the commit that was read; the hub's cache names its folders by it."""
    return folder.name if folder is not None and str(folder) != where else None
