"""Adapters that were saved when transformers called Qwen2-VL's layers otherwise.

With transformers 4, ``model`` was the language model and ``visual`` stood beside it; now both stand
in ``model``. PEFT goes by names, so that nothing of such an adapter would load, and all that it
says is a warning. ``with readable(folder, base, config) as (place, said):`` gives a folder from
which every tensor loads, for as long as it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from paper_repro.training.soundness import CONFIG, WEIGHTS, refuse_unsound

_OF = "qwen2_vl"
_PREFIX = r"^base_model\.model\."
_NOW = (
    (rf"{_PREFIX}visual\.", "base_model.model.model.visual."),
    (rf"{_PREFIX}model\.(?!language_model\.|visual\.)", "base_model.model.model.language_model."),
)


def todays(name: str) -> str:
    """A saved tensor's name as PEFT calls it now; one of today's is given back as it is."""
    for pattern, now in _NOW:
        name = re.sub(pattern, now, name)
    return name


@contextmanager
def readable(
    folder: Path, base: str, base_config: Mapping[str, Any]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A folder from which the adapter loads, and what is to be said of it.

    It is the adapter's own, or a copy under today's names that is deleted afterwards.

    Args:
        folder: of an adapter.
        base: as of :func:`~paper_repro.training.soundness.refuse_unsound`.
        base_config: as of the same.

    Raises:
        UserError: the adapter cannot be used on this base.
    """
    names = _renamed(folder) if base_config.get("model_type") == _OF else {}
    if not names:
        refuse_unsound(folder, base, base_config)
        yield folder, ()
        return
    with TemporaryDirectory() as place:
        _copy(folder, Path(place), names)
        refuse_unsound(Path(place), base, base_config, called=folder)
        yield Path(place), (_said(folder, names),)


def _renamed(folder: Path) -> dict[str, str]:
    """Saved names that are others now; none where the file is not one to be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            now = {name: todays(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return {}
    changed = {old: new for old, new in now.items() if old != new}
    return changed if len(set(now.values())) == len(now) else {}


def _copy(folder: Path, place: Path, names: Mapping[str, str]) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / WEIGHTS)
    save_file({names.get(old, old): tensor for old, tensor in tensors.items()}, place / WEIGHTS)
    (place / CONFIG).write_bytes((folder / CONFIG).read_bytes())


def _said(folder: Path, names: Mapping[str, str]) -> str:
    old, new = next(iter(names.items()))
    return (
        f"{len(names)} tensors of the adapter in {folder} bear names that transformers 4 gave "
        f"them; they were read under today's, such as {new} for {old}."
    )
