"""Every LoRA count that a printed number could stand for, with how ordinary each one is.

A candidate is one adapter (a rank from 1 to 256 on a set of the language model's Linear layers,
or on ``all-linear``) or a stack that a study knows. Not covered: ranks that differ from layer to
layer, and sets that mix in single layers of the vision tower.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from paper_repro.counting.architecture import Architecture, UnknownFamily
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import ALL_LINEAR, LoraSpec, Wrapped, second_wrap, wrap

if TYPE_CHECKING:
    from paper_repro.study import Study, Variant

RANKS = range(1, 257)
USUAL_RANKS = frozenset(1 << power for power in range(9))
COMMON_MODULES: tuple[tuple[str, ...], ...] = (
    ("q_proj", "v_proj"),
    ("q_proj", "k_proj", "v_proj"),
    ("q_proj", "k_proj", "v_proj", "o_proj"),
    ("gate_proj", "up_proj", "down_proj"),
)
"""Sets that papers and library defaults use; the whole decoder and ``all-linear`` come on top."""

_MOST_NAMES = 10


class Tier(IntEnum):
    """How ordinary a candidate is, most ordinary first."""

    USUAL = 1
    """A power of two as rank, on a common set of modules."""
    KNOWN = 2
    """A stack that the study describes."""
    OTHER_MODULES = 3
    """A power of two as rank, on another set of modules."""
    OTHER_RANK = 4
    """Another rank, on a common set of modules."""
    OTHER = 5
    """Another rank on another set: hundreds of these match almost any number."""


class AdapterShape(NamedTuple):
    """A rank and the module names it is on."""

    r: int
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """A stack that a study knows.

    Attributes:
        variant: id of the study's variant.
        adapters: what is trained, newest first.
        trainable: parameters that are trained.
        added: parameters of all adapters on the base.
    """

    variant: str
    adapters: tuple[AdapterShape, ...]
    trainable: int
    added: int


class Candidate(NamedTuple):
    """One count that a printed number could stand for.

    ``added`` counts the parameters of all adapters on the base, frozen ones too; ``variant`` is
    the id of the study's variant that this is, or ``None``.
    """

    adapters: tuple[AdapterShape, ...]
    parameters: int
    added: int
    tier: Tier
    variant: str | None = None


class ModuleSet(NamedTuple):
    """Module names, the parameters that each unit of rank puts on them, and their standing."""

    modules: tuple[str, ...]
    unit: int
    common: bool

    def tier(self, r: int) -> Tier:
        """How ordinary this rank on these modules is."""
        if r in USUAL_RANKS:
            return Tier.USUAL if self.common else Tier.OTHER_MODULES
        return Tier.OTHER_RANK if self.common else Tier.OTHER


def candidates(architecture: Architecture, stacks: Iterable[Stack] = ()) -> Iterator[Candidate]:
    """Every candidate: the study's stacks, then all sets of modules at all ranks."""
    sets = {module_set.modules: module_set for module_set in module_sets(architecture)}
    for stack in stacks:
        first = stack.adapters[0]
        plain = sets.get(first.modules) if len(stack.adapters) == 1 else None
        tier = min(Tier.KNOWN, plain.tier(first.r)) if plain else Tier.KNOWN
        yield Candidate(stack.adapters, stack.trainable, stack.added, tier, stack.variant)
    yield from _single_adapters(architecture)


@lru_cache(maxsize=2)
def _single_adapters(architecture: Architecture) -> tuple[Candidate, ...]:
    return tuple(
        Candidate((AdapterShape(r, modules.modules),), count, count, modules.tier(r))
        for modules in module_sets(architecture)
        for r in RANKS
        for count in (r * modules.unit,)
    )


def module_sets(architecture: Architecture) -> tuple[ModuleSet, ...]:
    """Every set of the language model's Linear layers, and ``all-linear``, small sets first.

    Up to ten names give every subset; more give the common sets and the single names.
    """
    names = architecture.language_names
    units = {name: wrap(architecture, LoraSpec(1, (name,))).parameters for name in names}
    common = {frozenset(modules) for modules in COMMON_MODULES} | {frozenset(names)}
    sets = [
        ModuleSet(modules, sum(units[name] for name in modules), frozenset(modules) in common)
        for modules in _subsets(names, common)
    ]
    reach = wrap(architecture, LoraSpec(1, (ALL_LINEAR,))).parameters
    if all(reach != module_set.unit for module_set in sets if module_set.modules == names):
        sets.append(ModuleSet((ALL_LINEAR,), reach, True))
    return tuple(sets)


def _subsets(names: tuple[str, ...], common: Iterable[frozenset[str]]) -> Iterator[tuple[str, ...]]:
    if len(names) <= _MOST_NAMES:
        for size in range(1, len(names) + 1):
            yield from combinations(names, size)
        return
    yield from ((name,) for name in names)
    for wanted in common:
        if wanted <= set(names):
            yield tuple(name for name in names if name in wanted)


def known_stacks(study: Study, architecture: Architecture) -> tuple[Stack, ...]:
    """The stacks that a study's variants put on this architecture, in closed form."""
    return tuple(
        _stack(study, variant, architecture)
        for variant in study.variants
        if _is(architecture, study.configs[study.base(variant).id])
    )


def _is(architecture: Architecture, config: dict[str, object]) -> bool:
    try:
        return architecture_of(config) == architecture
    except UnknownFamily:
        return False


def _stack(study: Study, variant: Variant, architecture: Architecture) -> Stack:
    specs = [LoraSpec(item.r, item.target_modules) for item in study.stack(variant)]
    if variant.procedure == "second-wrap":
        trained: tuple[Wrapped, ...] = second_wrap(architecture, specs[0], specs[-1])
        added = sum(part.parameters for part in trained)
    else:
        trained = (wrap(architecture, specs[-1]),)
        added = sum(wrap(architecture, spec).parameters for spec in specs)
    return Stack(
        variant.id,
        tuple(AdapterShape(part.r, _names(part, architecture)) for part in trained),
        sum(part.parameters for part in trained),
        added,
    )


def _names(part: Wrapped, architecture: Architecture) -> tuple[str, ...]:
    everything = tuple((group, group.copies) for group in architecture.linears)
    in_language = part.names == architecture.language_names
    return (ALL_LINEAR,) if part.layers == everything and not in_language else part.names
