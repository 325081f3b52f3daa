"""What the device itself does: the rates that the roofline of an estimate is made of."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from paper_repro.bench.clock import now

if TYPE_CHECKING:
    from torch import dtype, nn

SIDE = 4096
COPIED = 2**28
"""Bytes that are copied to see the memory's rate."""
TIMES, AT_ONCE = 9, 5


def read() -> dict[str, Any]:
    """Of the card in use: ``name``, ``memory_bytes``, ``capability``, ``bf16_units``,
    ``bf16_said`` (what PyTorch answers, emulation counted in), ``fp16_flops_per_second``,
    ``bf16_flops_per_second`` of a square product, and ``memory_bytes_per_second`` of a copy, read
    and written bytes both."""
    import torch

    found = torch.cuda.get_device_properties(torch.cuda.current_device())
    return {
        "name": found.name,
        "memory_bytes": found.total_memory,
        "capability": [found.major, found.minor],
        "bf16_units": torch.cuda.is_bf16_supported(including_emulation=False),
        "bf16_said": torch.cuda.is_bf16_supported(),
        "fp16_flops_per_second": _product(torch.float16),
        "bf16_flops_per_second": _product(torch.bfloat16),
        "memory_bytes_per_second": _copy(),
    }


def _product(kind: dtype) -> float:
    import torch

    left, right = (torch.randn((SIDE, SIDE), device="cuda").to(kind) for _ in range(2))
    return 2 * SIDE**3 / _timed(lambda: torch.mm(left, right))


def _copy() -> float:
    import torch

    one = torch.empty(COPIED, dtype=torch.uint8, device="cuda")
    other = torch.empty_like(one)
    return 2 * COPIED / _timed(lambda: other.copy_(one))


def unpacking(model: nn.Module) -> float:
    """Seconds to unpack every 4-bit weight of a model once."""
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    packed: list[Any] = [m.weight for m in model.modules() if isinstance(m, Linear4bit)]
    with torch.no_grad():
        return _timed(lambda: [dequantize_4bit(w.data, w.quant_state) for w in packed])


def _timed(do: Any) -> float:
    """Seconds of one: the median over some, after one that is not timed."""
    do()
    took = []
    for _ in range(TIMES):
        began = now()
        for _ in range(AT_ONCE):
            do()
        took.append((now() - began) / AT_ONCE)
    return median(took)
