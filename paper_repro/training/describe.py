"""What a record says of a run beside its losses: counts, hashes, versions, hardware, memory."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro import __version__
from paper_repro.counting.instantiate import is_adapter, weights
from paper_repro.engine.model import unwrapped
from paper_repro.engine.tower import tower_outputs
from paper_repro.quiet import captured
from paper_repro.training.digest import base_digests, changed, digests
from paper_repro.training.levels import adapter_tensors, canonical

if TYPE_CHECKING:
    from paper_repro.training.prepare import Prepared
    from paper_repro.training.workers import Workers

_LIBRARIES = (
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "datasets",
    "numpy",
    "safetensors",
    "pillow",
)


@dataclass(frozen=True)
class Digests:
    """SHA-256 of every tensor, by part of the model and canonical name."""

    base: Mapping[str, str]
    earlier: Mapping[str, str]
    newest: Mapping[str, str]

    def to_dict(self, when: str) -> dict[str, str]:
        """One digest a part, as ``base_WHEN`` and so on."""
        parts = {"base": self.base, "earlier": self.earlier, "newest": self.newest}
        return {f"{part}_{when}": _one(found) for part, found in parts.items()}


def digests_of(prepared: Prepared) -> Digests:
    """Before the first step. The earlier adapter's tensors are those that were put on the base,
    whether or not a later wrap replaced them."""
    levels = prepared.levels
    if levels is None:
        return Digests(base_digests(prepared.model), {}, {})
    return Digests(base_digests(levels.model), digests(levels.earlier), digests(levels.newest))


def digests_after(prepared: Prepared, before: Digests) -> Digests:
    """After the last step, of the tensors that bear the same names."""
    levels = prepared.levels
    if levels is None:
        return Digests(base_digests(prepared.model), {}, {})
    now = digests(adapter_tensors(levels.model))
    return Digests(
        base_digests(levels.model),
        {name: now.get(name, "") for name in before.earlier},
        {name: now[name] for name in before.newest},
    )


def settle(prepared: Prepared) -> None:
    """A pass of the vision tower, before any hash: in it bitsandbytes gives the biases of its
    4-bit layers, which PEFT's preparation has widened, the type of the activations back, and where
    all its outputs were found there was none yet. Values stay. The language model's are read, and
    never run."""
    if not prepared.precision.quantised:
        return
    import torch

    with_pixels = replace(prepared.examples, features=None)
    whole, batch = unwrapped(prepared.model), with_pixels.batch([0])
    device = whole.lm_head.weight.device
    pixels, grid = (batch[name].to(device) for name in ("pixel_values", "image_grid_thw"))
    with captured(), torch.no_grad(), prepared.precision.autocast(device.type):
        tower_outputs(whole, pixels, grid)


def differences(before: Digests, after: Digests) -> dict[str, int]:
    """A record's ``base_tensors`` and so on."""
    return {
        "base_tensors": len(before.base),
        "base_changed": len(changed(before.base, after.base)),
        "earlier_tensors": len(before.earlier),
        "earlier_changed": len(changed(before.earlier, after.earlier)),
    }


def counts(prepared: Prepared) -> dict[str, Any]:
    """Weights of the base, of each adapter, of both together, and of what is trained."""
    base, by_adapter, trained = 0, dict[str, int](), 0
    for name, tensor in prepared.model.named_parameters():
        number = weights(tensor)
        trained += number if tensor.requires_grad else 0
        if is_adapter(name):
            adapter = _adapter_in(name)
            by_adapter[adapter] = by_adapter.get(adapter, 0) + number
        else:
            base += number
    total = base + sum(by_adapter.values())
    return {"base": base, "trainable": trained, "total": total, "by_adapter": by_adapter}


def versions() -> dict[str, str]:
    """Of Python, this package and the libraries that are installed."""
    found = {"python": platform.python_version(), "paper_repro": __version__}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware(workers: Workers) -> dict[str, Any]:
    """What this run computes on; ``memory`` is the card's, or the machine's, in bytes."""
    import torch

    found = {
        "device": workers.device.partition(":")[0],
        "cpu": _processor(),
        "threads": torch.get_num_threads(),
        "processes": workers.world,
    }
    if found["device"] == "cuda":
        card = torch.cuda.get_device_properties(torch.cuda.current_device())
        return found | {"name": card.name, "memory": card.total_memory}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return found | {"name": found["cpu"], "memory": pages}


def peak_memory() -> dict[str, int]:
    """Most bytes in use so far: allocated on the card (0 without one), resident on the host."""
    import resource

    import torch

    device = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return {
        "device": device,
        "host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _adapter_in(name: str) -> str:
    """PEFT's adapter name in a parameter's: ``….lora_A.NAME.weight``."""
    return canonical(name).rpartition(".lora_")[2].split(".")[1]


def _one(parts: Mapping[str, str]) -> str:
    said = "".join(f"{name} {digest}\n" for name, digest in sorted(parts.items()))
    return hashlib.sha256(said.encode()).hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
