"""Fresh bases with random weights, the same each time, in full precision or in NF4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.counting.build import build_model
from paper_repro.quiet import captured

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NF4 = "NF4"
SEED = 0
_FAST_KERNEL = "support_avx512bf16_for_cpu"
"""Switch of a bitsandbytes layer. On CPUs with AVX-512 BF16 it repacks the weights for inference
and computes in 16 bits, and two such models with equal weights can differ in the last bit."""


@dataclass(frozen=True)
class Bases:
    """Makes bases of one config.

    Attributes:
        config: a parsed ``config.json``.
        folder: where the weights are put once, two or four bytes each, for loading in NF4.
        device: where bases live, ``cpu`` or ``cuda``.
    """

    config: Mapping[str, Any]
    folder: Path
    device: str = "cpu"

    @property
    def plain(self) -> str:
        """The type of a base that is not quantised: float32 on a CPU, else bfloat16."""
        return "float32" if self.device == "cpu" else "bfloat16"

    def fresh(self, precision: str) -> PreTrainedModel:
        """A new base with the same weights as every other.

        Args:
            precision: :attr:`plain`, or ``NF4``.
        """
        return self._quantised() if precision == NF4 else self._random()

    def _random(self) -> PreTrainedModel:
        import torch

        with forked_rng():
            torch.manual_seed(SEED)
            return build_model(self.config, self.device, self.plain)

    def _quantised(self) -> PreTrainedModel:
        """In NF4 with double quantisation, as the notebook loads it."""
        with captured():
            import torch
            from transformers import BitsAndBytesConfig

            quantization = BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_compute_dtype=getattr(torch, self.plain),
                bnb_4bit_use_double_quant=True,
            )
            model_class, folder = self._saved
            model = model_class.from_pretrained(
                folder,
                quantization_config=quantization,
                dtype=self.plain,
                device_map={"": self.device},
                local_files_only=True,
            )
        for module in model.modules():
            if hasattr(module, _FAST_KERNEL):
                setattr(module, _FAST_KERNEL, False)
        return model

    @cached_property
    def _saved(self) -> tuple[type[PreTrainedModel], Path]:
        model = self._random()
        with captured():
            model.save_pretrained(self.folder)
        return type(model), self.folder


def forked_rng() -> Any:
    """Inside, torch's random state may be set; outside it stays as it was."""
    import torch

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    return torch.random.fork_rng(devices=devices)
