"""A model as a census of layers: what it holds, and which layers an adapter can wrap.

``architecture_of(config)`` derives one from a parsed ``config.json`` by closed forms, without
torch; ``counting.instantiate`` reads one off a real model. Everything else in this package works
on either. Not covered: buffers, and what quantisation adds (absmax, code books).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Tower = Literal["language", "vision"]
Kind = Literal["linear", "convolution", "embedding"]


@dataclass(frozen=True)
class LayerGroup:
    """Layers of one name and shape.

    Attributes:
        path: module path; ``*`` stands for the indices 0 … ``copies`` - 1 and occurs at most once.
        tower: ``language`` or ``vision``.
        fan_in: inputs of a Linear, channels × kernel of a convolution, rows of an embedding.
        fan_out: outputs.
        copies: how many there are.
        bias: whether each has ``fan_out`` biases.
        kind: what sort of layer.
    """

    path: str
    tower: Tower
    fan_in: int
    fan_out: int
    copies: int = 1
    bias: bool = False
    kind: Kind = "linear"

    @property
    def name(self) -> str:
        """The last part of the path; with its parent when it is a mere index (``mlp.0``)."""
        *_, parent, last = ("", *self.path.split("."))
        return f"{parent}.{last}" if last.isdigit() else last

    @property
    def weights(self) -> int:
        """Weights of one copy, biases apart."""
        return self.fan_in * self.fan_out

    @property
    def parameters(self) -> int:
        """Weights and biases of all copies."""
        return self.copies * (self.weights + self.bias * self.fan_out)

    def matching(self, targets: Iterable[str]) -> frozenset[int]:
        """Indices of the copies that PEFT would wrap for these module names.

        A name matches a path that equals it or ends with it after a dot.
        """
        matched: set[int] = set()
        for target in targets:
            matched.update(self._matching_one(target.split(".")))
        return frozenset(matched)

    def _matching_one(self, target: list[str]) -> Iterable[int]:
        parts = self.path.split(".")
        if (target[-1].isdigit() and len(target) == 1) or len(target) > len(parts):
            return ()
        index: int | None = None
        for part, wanted in zip(reversed(parts), reversed(target), strict=False):
            if part == "*" and wanted.isdecimal() and str(int(wanted)) == wanted:
                index = int(wanted)
            elif part != wanted:
                return ()
        if index is None:
            return range(self.copies)
        return (index,) if index < self.copies else ()


@dataclass(frozen=True)
class Architecture:
    """A model's census. Tied weights count once.

    Attributes:
        model_type: as in ``config.json``.
        linears: every Linear but the output embedding: what ``all-linear`` reaches.
        others: further layers that LoRA wraps when they are named: the output embedding, the
            input embedding, a convolution.
        vision: parameters of the vision tower.
        language: all other parameters.
        embedding: parameters of the input embedding, and of the output one unless it is tied.
        head_tied: whether the output embedding is the input embedding.
    """

    model_type: str
    linears: tuple[LayerGroup, ...]
    others: tuple[LayerGroup, ...]
    vision: int
    language: int
    embedding: int
    head_tied: bool

    @property
    def parameters(self) -> int:
        """All weights, tied ones counted once."""
        return self.vision + self.language

    @property
    def layers(self) -> tuple[LayerGroup, ...]:
        """Every layer that LoRA can wrap."""
        return self.linears + self.others

    @cached_property
    def language_names(self) -> tuple[str, ...]:
        """Names of the language model's Linear layers, in the order of the model."""
        return tuple(dict.fromkeys(g.name for g in self.linears if g.tower == "language"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of every layer that LoRA can wrap, in the order of the model."""
        return tuple(dict.fromkeys(group.name for group in self.layers))


class UnknownFamily(LookupError):
    """No closed form is known for this ``model_type``; instantiate the model instead."""
