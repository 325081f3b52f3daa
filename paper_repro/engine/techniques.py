"""What makes a step fast without changing what it computes, and why each is on or off.

All but ``compile`` and ``graphs`` are on wherever they can be; each can be switched off alone, and
the numbers then agree to rounding.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from typing import NamedTuple

import torch

from paper_repro.engine import TECHNIQUES


class Device(NamedTuple):
    """What a device can do.

    Attributes:
        kind: ``cpu`` or ``cuda``.
        capability: of a CUDA card, such as (9, 0).
        half: whether products are in 16 bits.
        triton: whether Triton is there, and what it needs.
    """

    kind: str
    capability: tuple[int, int] = (0, 0)
    half: bool = False
    triton: bool = False


def read_device(device: torch.device, dtype: torch.dtype) -> Device:
    """Ask a device what it can do in products of a type."""
    from torch.utils._triton import has_triton

    if device.type != "cuda":
        return Device(device.type)
    capability = torch.cuda.get_device_capability(device)
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    return Device("cuda", capability, dtype.itemsize == 2, has_triton() and bool(compiler))


def reasons_against(device: Device, frozen: bool, without: Collection[str] = ()) -> dict[str, str]:
    """Why a technique is off; those that are on are not in it.

    Args:
        frozen: whether the base is.
        without: those that are not wanted.
    """
    found: dict[str, str] = {}
    if not frozen:
        found |= {name: "the base is trained" for name in ("one-product", "compile", "graphs")}
    if device.kind != "cuda":
        found |= {name: "there is no card" for name in ("kernel", "compile", "graphs")}
    elif not device.half or device.capability < (8, 0):
        found["kernel"] = "it takes 16 bits and a card of compute capability 8.0"
    if device.kind == "cuda" and not device.triton:
        found |= {name: "it takes Triton and a C compiler" for name in ("kernel", "compile")}
    return found | {name: "as asked" for name in TECHNIQUES if name in without}
