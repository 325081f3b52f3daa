"""The base and the lower adapter that a run starts from, from folders or, by revision, the hub.

Weights are read from safetensors only; code of a repository is never run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.counting.bases import read_config
from paper_repro.data.hub import snapshot
from paper_repro.data.processor import load_processor
from paper_repro.errors import UserError
from paper_repro.miniature import shipped
from paper_repro.quiet import captured
from paper_repro.training.soundness import CONFIG, WEIGHTS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from paper_repro.training.precision import Precision
    from paper_repro.training.settings import Settings

MINIATURE = "paper_repro-miniature"
"""What adapters of the miniature call their base: it is on no hub."""
_WEIGHTS = ("*.json", "*.safetensors", "*.jinja", "*.txt")
_FAST_KERNEL = "support_avx512bf16_for_cpu"


@dataclass(frozen=True)
class Base:
    """A base with its processor.

    Attributes:
        name: as adapters are to call it.
        folder: where it was read from; None for an untrained one.
        revision: the commit that was read from the hub; empty for a folder.
    """

    model: PreTrainedModel = field(repr=False)
    processor: Any = field(repr=False)
    name: str
    folder: Path | None
    revision: str = ""


def load_base(settings: Settings, precision: Precision, device: str) -> Base:
    """The base that a run trains or freezes, on a device.

    Raises:
        UserError: it cannot be had or read, or is no Qwen2-VL.
    """
    if settings.level == 0 and not settings.base:
        from paper_repro.miniature.config import fresh_base

        return Base(*fresh_base(settings.seed, device), name=MINIATURE, folder=None)
    folder = base_folder(settings.base, settings.base_revision)
    name = settings.base or MINIATURE
    read_config(folder / "config.json")  # transformers would take a default one
    processor = load_processor(folder)
    model = _loaded(folder, precision, device)
    return Base(model, processor, name, folder, _commit(folder, settings.base))


def base_named(name: str) -> str:
    """Where the base of this name is: nothing names the one that the package ships, a run of
    Level 0 the ``base`` in it; another folder and a hub id stand for themselves.

    Raises:
        UserError: none is named, and none is shipped.
    """
    if not name:
        return str(shipped("base") / "base")
    below = Path(name, "base")
    return str(below) if below.is_dir() else name


def base_folder(name: str, revision: str | None) -> Path:
    """The folder of a base; from the hub it is fetched first."""
    where = base_named(name)
    return Path(where) if Path(where).is_dir() else snapshot(where, "model", revision, _WEIGHTS)


def level1_folder(settings: Settings, below: Path) -> tuple[Path, str]:
    """The folder of the lower adapter, and its commit on the hub or an empty string.

    Args:
        below: the run that trains it, where the settings name none.

    Raises:
        UserError: it cannot be had.
    """
    where = Path(settings.level1) if settings.level1 else below
    if where.is_dir():
        folder, commit = (where / "adapter" if (where / "adapter").is_dir() else where), ""
    else:
        folder = snapshot(settings.level1, "model", settings.level1_revision, (CONFIG, WEIGHTS))
        commit = folder.name
    return folder, commit


def _loaded(folder: Path, precision: Precision, device: str) -> PreTrainedModel:
    from transformers import BitsAndBytesConfig, Qwen2VLForConditionalGeneration

    options: dict[str, Any] = {"dtype": precision.dtype}
    if precision.quantised:
        options |= {
            "quantization_config": BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_compute_dtype=precision.dtype,
                bnb_4bit_use_double_quant=True,
            ),
            "device_map": {"": device},
        }
    try:
        with captured():
            model = Qwen2VLForConditionalGeneration.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, **options
            )
            if not precision.quantised:
                model = model.to(device)  # type: ignore[arg-type]
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(
            f"The base in {folder} cannot be loaded.",
            expected="config.json and safetensors of a Qwen2-VL, and room for them",
            got=f"{type(error).__name__}: {error}".splitlines()[0],
            next_command=f"ls -l {folder}",
        ) from None
    for module in model.modules():
        if hasattr(module, _FAST_KERNEL):
            setattr(module, _FAST_KERNEL, False)
    return model


def _commit(folder: Path, where: str) -> str:
    return folder.name if where and not Path(where).is_dir() else ""
