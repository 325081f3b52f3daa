"""LoRA adapters in closed form: which layers they wrap and how many weights they add.

``lora_parameters(architecture, parse_lora("r=16,targets=q_proj+v_proj"))``. A layer with ``m``
inputs and ``n`` outputs gets ``r·m + n·r`` weights (Hu et al., *LoRA*, arXiv 2106.09685, §4.1).
Not covered: ``modules_to_save``, LoRA biases, DoRA, patterns of ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

from paper_repro.counting.architecture import Architecture, LayerGroup
from paper_repro.errors import UserError

ALL_LINEAR = "all-linear"
_EXAMPLE = "--lora r=16,targets=q_proj+k_proj+v_proj+o_proj"


@dataclass(frozen=True)
class LoraSpec:
    """One adapter: its rank, the module names it wraps (or ``all-linear``), whether it rests."""

    r: int
    targets: tuple[str, ...]
    frozen: bool = False


def parse_lora(text: str) -> LoraSpec:
    """Read ``r=16,targets=q_proj+v_proj[,frozen]`` or ``r=8,targets=all-linear``.

    Raises:
        UserError: with an example, when the text is anything else.
    """
    fields: dict[str, str] = {}
    for part in text.split(","):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key in fields or key not in ("r", "targets", "frozen") or (key == "frozen" and value):
            raise _unreadable(text)
        fields[key] = value
    rank = fields.get("r", "")
    targets = tuple(dict.fromkeys(name.strip() for name in fields.get("targets", "").split("+")))
    if not (rank.isascii() and rank.isdigit() and len(rank) < 7 and int(rank)) or not all(targets):
        raise _unreadable(text)
    if len(targets) == 1 and targets[0].lower() == ALL_LINEAR:
        targets = (ALL_LINEAR,)
    return LoraSpec(int(rank), targets, "frozen" in fields)


@dataclass(frozen=True)
class Wrapped:
    """An adapter laid over a model.

    Attributes:
        r: rank.
        layers: the layers that it wraps, each with the number of copies.
    """

    r: int
    layers: tuple[tuple[LayerGroup, int], ...]

    @property
    def parameters(self) -> int:
        """Weights of the adapter: r × Σ copies × (inputs + outputs)."""
        return self.r * sum(
            copies * (group.fan_in + group.fan_out) for group, copies in self.layers
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the wrapped layers, in the order of the model."""
        return tuple(dict.fromkeys(group.name for group, _ in self.layers))

    @property
    def formula(self) -> str:
        """The count with its terms: ``r 16 × 28 layers × (q_proj 1,536+1,536 + …) = 4,358,144``."""
        copies_of: dict[str, int] = {}
        for group, copies in self.layers:
            term = f"{group.name} {group.fan_in:,}+{group.fan_out:,}"
            copies_of[term] = copies_of.get(term, 0) + copies
        by_copies: dict[int, list[str]] = {}
        for term, copies in copies_of.items():
            by_copies.setdefault(copies, []).append(term)
        blocks = [
            f"{copies:,} {'layers' if copies > 1 else 'layer'} × ({' + '.join(terms)})"
            for copies, terms in by_copies.items()
        ]
        inner = blocks[0] if len(blocks) == 1 else f"[{' + '.join(blocks)}]"
        return f"r {self.r:,} × {inner} = {self.parameters:,}"


def wrap(architecture: Architecture, spec: LoraSpec) -> Wrapped:
    """Lay an adapter over a model.

    Raises:
        UserError: when a module name matches no layer.
    """
    layers = wrapped_layers(architecture, spec.targets)
    return Wrapped(spec.r, tuple((group, len(copies)) for group, copies in layers.items()))


def second_wrap(
    architecture: Architecture, lower: LoraSpec, upper: LoraSpec
) -> tuple[Wrapped, ...]:
    """What trains when ``upper`` is put on ``lower`` under the same adapter name.

    PEFT re-initialises the layers that both name, at the upper rank, and keeps training the
    lower adapter's others: the parts are returned newest first.
    """
    taken = wrapped_layers(architecture, upper.targets)
    kept = tuple(
        (group, len(copies - taken.get(group, frozenset())))
        for group, copies in wrapped_layers(architecture, lower.targets).items()
        if copies - taken.get(group, frozenset())
    )
    rest = (Wrapped(lower.r, kept),) if kept else ()
    return (wrap(architecture, upper), *rest)


def lora_parameters(architecture: Architecture, spec: LoraSpec) -> int:
    """Weights that the adapter adds; errors as :func:`wrap`."""
    return wrap(architecture, spec).parameters


def lora_formula(architecture: Architecture, spec: LoraSpec) -> str:
    """The adapter's count with its terms filled in; errors as :func:`wrap`."""
    return wrap(architecture, spec).formula


def second_wrap_parameters(architecture: Architecture, lower: LoraSpec, upper: LoraSpec) -> int:
    """Weights that train after :func:`second_wrap`."""
    return sum(part.parameters for part in second_wrap(architecture, lower, upper))


def second_wrap_formula(architecture: Architecture, lower: LoraSpec, upper: LoraSpec) -> str:
    """The second wrap's count with its terms, newest adapter first."""
    parts = second_wrap(architecture, lower, upper)
    if len(parts) == 1:
        return parts[0].formula
    terms = " + ".join(f"({part.formula})" for part in parts)
    return f"{terms} = {sum(part.parameters for part in parts):,}"


def wrapped_layers(
    architecture: Architecture, targets: tuple[str, ...]
) -> dict[LayerGroup, frozenset[int]]:
    """The layers that PEFT wraps for these names, with the indices of the copies.

    Raises:
        UserError: when a name matches no layer.
    """
    if targets == (ALL_LINEAR,):
        return {group: frozenset(range(group.copies)) for group in architecture.linears}
    for target in targets:
        if not any(group.matching((target,)) for group in architecture.layers):
            raise _no_such_layer(architecture, target)
    matched = {group: group.matching(targets) for group in architecture.layers}
    return {group: copies for group, copies in matched.items() if copies}


def _unreadable(text: str) -> UserError:
    return UserError(
        "An adapter cannot be read.",
        expected=f"a rank of 1 or more and module names, as in {_EXAMPLE}[,frozen]; "
        "or targets=all-linear",
        got=repr(text)[:200],
        next_command=f"python -m paper_repro count Qwen/Qwen2-VL-2B-Instruct {_EXAMPLE}",
    )


def _no_such_layer(architecture: Architecture, target: str) -> UserError:
    return UserError(
        f"The module name {target!r} matches no layer of this {architecture.model_type} model.",
        expected=f"any of {', '.join(architecture.names)}; or all-linear for every Linear layer",
        got=repr(target),
        next_command="python -m paper_repro count BASE --lora r=16,targets=all-linear",
    )
