"""Look at an adapter's numbers: would they change any output, and are they numbers at all?

A LoRA layer adds ``scale · B · A · x``; with ``B`` or ``A`` all zero it adds nothing. Tensors are
read one at a time. From the hub only ``B`` matrices are, and only until one of them is not zero,
so a few kilobytes usually decide. Types narrower than 16 bits are tested for zero only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from paper_repro.counting.checkpoint import Checkpoint, Tensor, read_tensor
from paper_repro.counting.source import Folder, Source

HUB_BUDGET = 16_000_000
"""Bytes of weights that are read from the hub at most."""


@dataclass(frozen=True)
class Values:
    """What the numbers of an adapter's tensors say.

    Attributes:
        live: modules whose ``B`` (and ``A``, where it was read) have a number other than zero.
        dead: modules that add nothing.
        not_finite: names of tensors that hold NaN or infinity.
        complete: every tensor was read.
        read_bytes: how much was.
    """

    live: tuple[str, ...]
    dead: tuple[str, ...]
    not_finite: tuple[str, ...]
    complete: bool
    read_bytes: int


def look(source: Source, checkpoint: Checkpoint, modules: Iterable[str]) -> Values:
    """Read the numbers of the modules that load.

    Args:
        modules: names of LoRA modules, as :func:`module_of` gives them.
    """
    wanted = set(modules)
    pairs: dict[str, list[Tensor]] = {}
    for tensor in checkpoint.tensors.values():
        if (module := module_of(tensor.name)) is not None:
            pairs.setdefault(module, []).append(tensor)
    if isinstance(source, Folder):
        return _look_at_all(source, checkpoint, pairs, wanted)
    return _look_until_live(source, [pairs[module] for module in sorted(wanted & pairs.keys())])


def module_of(name: str) -> str | None:
    """The layer that a LoRA tensor belongs to: ``….q_proj.lora_A.weight`` → ``….q_proj``."""
    layer, marker, _ = name.partition(".lora_")
    return layer if marker else None


def _look_at_all(
    source: Folder, checkpoint: Checkpoint, pairs: dict[str, list[Tensor]], wanted: set[str]
) -> Values:
    zero, not_finite = set(), []
    for tensor in checkpoint.tensors.values():
        numbers = _numbers(tensor, read_tensor(source, tensor))
        if not np.any(numbers):
            zero.add(tensor.name)
        if numbers.dtype.kind == "f" and not np.all(np.isfinite(numbers)):
            not_finite.append(tensor.name)
    dead = {module for module in wanted & pairs.keys() if zero & {t.name for t in pairs[module]}}
    return Values(
        live=tuple(sorted(wanted & pairs.keys() - dead)),
        dead=tuple(sorted(dead)),
        not_finite=tuple(not_finite),
        complete=True,
        read_bytes=sum(tensor.stop - tensor.start for tensor in checkpoint.tensors.values()),
    )


def _look_until_live(source: Source, modules: list[list[Tensor]]) -> Values:
    dead: list[str] = []
    read_bytes = 0
    second = sorted(
        (tensor for pair in modules for tensor in pair if ".lora_B" in tensor.name),
        key=lambda tensor: (tensor.stop - tensor.start, tensor.name),
    )
    for tensor in second:
        size = tensor.stop - tensor.start
        if read_bytes + size > HUB_BUDGET:
            break
        numbers = _numbers(tensor, read_tensor(source, tensor))
        read_bytes += size
        module = module_of(tensor.name) or tensor.name
        if np.any(numbers):
            finite = numbers.dtype.kind != "f" or bool(np.all(np.isfinite(numbers)))
            bad = () if finite else (tensor.name,)
            return Values((module,), tuple(dead), bad, False, read_bytes)
        dead.append(module)
    return Values((), tuple(dead), (), len(dead) == len(second) > 0, read_bytes)


def _numbers(tensor: Tensor, data: bytes) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    match tensor.dtype:
        case "F64" | "F32" | "F16" as dtype:
            return np.frombuffer(data, dtype=f"<f{int(dtype[1:]) // 8}")
        case "BF16":
            halves = np.frombuffer(data, dtype="<u2").astype(np.uint32)
            return (halves << np.uint32(16)).view(np.float32)
        case _:
            return np.frombuffer(data, dtype=np.uint8)
