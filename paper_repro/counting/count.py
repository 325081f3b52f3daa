"""Count a base with its adapters: what ``python -m paper_repro count`` prints.

``count(config, [parse_lora("r=16,targets=q_proj+v_proj")])`` takes the closed form where one is
known, and otherwise builds the real architecture on the meta device (then torch is needed).
Without adapters nothing trains. Not covered: full fine-tuning, biases, ``modules_to_save``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from paper_repro.counting.architecture import Architecture, UnknownFamily
from paper_repro.counting.denominators import (
    LABELS,
    denominators,
    packed_parameters,
    percent,
)
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, wrap
from paper_repro.errors import UserError

NF4 = "nf4"
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([bBmM])(?![A-Za-z0-9])")


@dataclass(frozen=True)
class AdapterCount:
    """One adapter: its rank and modules as asked, its parameters, and how they came about."""

    r: int
    modules: tuple[str, ...]
    frozen: bool
    parameters: int
    formula: str = ""


@dataclass(frozen=True)
class Count:
    """A base with its adapters, in parameters; tied weights count once.

    Attributes:
        name: the base, as the user named it.
        base: all weights of the base.
        adapters: bottom first.
        wholes: parameters of every known denominator, by its id.
        naive_base: with a 4-bit base, what a plain sum of ``numel()`` sees of it; else ``None``.
        evidence: ``derived`` (closed form) or ``instantiated``.
    """

    name: str
    base: int
    adapters: tuple[AdapterCount, ...]
    wholes: Mapping[str, int]
    naive_base: int | None
    evidence: Literal["derived", "instantiated"]

    @property
    def added(self) -> int:
        """Parameters of all adapters, frozen ones too."""
        return sum(adapter.parameters for adapter in self.adapters)

    @property
    def trainable(self) -> int:
        """Parameters of the adapters that are not frozen."""
        return sum(adapter.parameters for adapter in self.adapters if not adapter.frozen)

    @property
    def total(self) -> int:
        """Base and all adapters."""
        return self.base + self.added

    @property
    def percent_of_base(self) -> Fraction:
        """Trainable parameters in percent of the base."""
        return percent(self.trainable, self.base)

    @property
    def percent_of_total(self) -> Fraction:
        """Trainable parameters in percent of base and all adapters."""
        return percent(self.trainable, self.total)

    @property
    def naive_sum(self) -> int | None:
        """With a 4-bit base, what a plain sum of ``numel()`` prints for everything."""
        return None if self.naive_base is None else self.naive_base + self.added

    @property
    def naive_explanation(self) -> str:
        """Why the naive sum is wrong; empty without a 4-bit base."""
        if self.naive_base is None or self.naive_sum is None:
            return ""
        shown = float(percent(self.trainable, self.naive_sum))
        return (
            "NF4 keeps two weights in each byte, so numel() of a packed matrix is half its number "
            f"of weights: {self.naive_base:,} elements stand for the base's {self.base:,} weights. "
            f"A plain sum prints {self.naive_sum:,} in all instead of {self.total:,}, and the "
            f"trainable share as {shown:.4g} % instead of {float(self.percent_of_total):.4g} %."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data: counts are integers, percentages floats from 0 to 100."""
        quantized = {
            "format": NF4,
            "naive_base": self.naive_base,
            "naive_sum": self.naive_sum,
            "explanation": self.naive_explanation,
        }
        return {
            "name": self.name,
            "base": self.base,
            "trainable": self.trainable,
            "total": self.total,
            "percent_of_base": float(self.percent_of_base),
            "percent_of_total": float(self.percent_of_total),
            "adapters": [
                {
                    "r": adapter.r,
                    "modules": list(adapter.modules),
                    "frozen": adapter.frozen,
                    "parameters": adapter.parameters,
                    "formula": adapter.formula,
                }
                for adapter in self.adapters
            ],
            "denominators": {
                id: {
                    "label": LABELS[id],
                    "parameters": whole,
                    "percent": float(percent(self.trainable, whole)),
                }
                for id, whole in self.wholes.items()
            },
            "quantized": None if self.naive_base is None else quantized,
            "evidence": self.evidence,
        }


def count(
    base: Architecture | Mapping[str, Any],
    loras: Sequence[LoraSpec],
    quantize: str | None = None,
    *,
    name: str = "",
) -> Count:
    """Count a base with its adapters.

    Args:
        base: a census, or a parsed ``config.json``.
        loras: bottom first; those not ``frozen`` are trained.
        quantize: ``"nf4"`` for a base in 4 bits, which changes no count but the naive sum.
        name: the base's name; a size in it (``2B``) becomes the nominal denominator.

    Raises:
        UserError: when the config makes no sense, or a module name matches no layer.
    """
    if quantize not in (None, NF4):
        raise UserError(
            "This kind of quantisation is not known.",
            expected=NF4,
            got=repr(quantize),
            next_command=f"python -m paper_repro count {name or 'BASE'} --quantize {NF4}",
        )
    if isinstance(base, Architecture):
        return _derive(base, loras, quantize, name)
    try:
        architecture = architecture_of(base)
    except UnknownFamily:
        return _instantiate(base, loras, quantize, name)
    return _derive(architecture, loras, quantize, name)


def nominal_size(name: str) -> int | None:
    """The size that a model's name states: ``Qwen2-VL-2B-Instruct`` is 2,000,000,000."""
    found = _SIZE.search(name.rstrip("/").rpartition("/")[2])
    if found is None:
        return None
    return int(Fraction(found[1]) * (10**9 if found[2] in "bB" else 10**6)) or None


def _derive(
    base: Architecture, loras: Sequence[LoraSpec], quantize: str | None, name: str
) -> Count:
    wrapped = [wrap(base, spec) for spec in loras]
    adapters = tuple(
        AdapterCount(spec.r, spec.targets, spec.frozen, laid.parameters, laid.formula)
        for spec, laid in zip(loras, wrapped, strict=True)
    )
    added = sum(adapter.parameters for adapter in adapters)
    return Count(
        name=name,
        base=base.parameters,
        adapters=adapters,
        wholes=denominators(base, added, nominal=nominal_size(name)),
        naive_base=packed_parameters(base) if quantize else None,
        evidence="derived",
    )


def _instantiate(
    config: Mapping[str, Any], loras: Sequence[LoraSpec], quantize: str | None, name: str
) -> Count:
    from paper_repro.counting.instantiate import count_instantiated

    real = count_instantiated(config, loras, quantize)
    adapters = tuple(
        AdapterCount(spec.r, spec.targets, spec.frozen, parameters)
        for spec, parameters in zip(loras, real.adapters, strict=True)
    )
    naive_base = real.stored - sum(real.adapters) if quantize else None
    wholes = {
        "base": real.base,
        "total": real.base + sum(real.adapters),
        "nominal": nominal_size(name),
        "packed-4bit": naive_base,
    }
    known = {id: whole for id, whole in wholes.items() if whole is not None}
    return Count(name, real.base, adapters, known, naive_base, "instantiated")
