"""The facts about a saved adapter, and the forms of what is concluded from them.

``doctor`` gathers :class:`Facts`; ``symptoms`` and ``naming`` conclude. Nothing is read and no
library is loaded here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from paper_repro.counting.checkpoint import Checkpoint
from paper_repro.counting.values import Values, module_of

Severity = Literal["unsound", "note"]
Shape = tuple[int, ...]
PREFIX = "base_model.model."
VISION = re.compile(r"(^|\.)(visual|vision_\w+|image_encoder)\.")


@dataclass(frozen=True)
class Symptom:
    """One thing worth knowing; an ``unsound`` one means that the adapter is not what it says."""

    severity: Severity
    name: str
    what: str
    expected: str
    got: str
    next: str


@dataclass(frozen=True)
class Answer:
    """One of the questions that an examination answers: ``yes``, ``no`` or ``not checked``."""

    question: str
    answer: str
    detail: str


@dataclass(frozen=True)
class Facts:
    """What was found out about an adapter.

    Attributes:
        base: the base that it was examined on; ``named`` is the one its config names.
        architecture: the base's class.
        config: its ``adapter_config.json``.
        expected: shape of every tensor that PEFT expects for this config on this base, by the
            name it would be saved under.
        missing: expected tensors that PEFT's loading leaves as they were initialised.
        unexpected: saved tensors that PEFT's loading passes over.
        refusal: what PEFT said when it refused the config or the tensors, else ``""``.
        values: what the numbers say; ``None`` when nothing matched.
        siblings: folders below it that hold adapters of their own.
    """

    adapter: str
    base: str
    named: str | None
    architecture: str
    config: Mapping[str, Any]
    checkpoint: Checkpoint
    expected: Mapping[str, Shape]
    missing: frozenset[str] = frozenset()
    unexpected: frozenset[str] = frozenset()
    refusal: str = ""
    values: Values | None = None
    siblings: tuple[str, ...] = ()

    @property
    def saved(self) -> dict[str, Shape]:
        """Shape of every saved tensor."""
        return {name: tensor.shape for name, tensor in self.checkpoint.tensors.items()}

    @property
    def mismatched(self) -> list[str]:
        """Tensors that bear an expected name and another shape."""
        return [n for n, shape in self.saved.items() if self.expected.get(n, shape) != shape]

    @property
    def loaded(self) -> int:
        """How many expected tensors would get a saved value."""
        return len(self.expected.keys() - self.missing) if not self.refusal else 0

    @property
    def random(self) -> bool:
        """Whether PEFT fills tensors that do not load with random numbers, not with B = 0."""
        return self.config.get("init_lora_weights", True) is False

    @property
    def ranks(self) -> dict[str, tuple[int, ...]]:
        """Ranks in the saved tensors, by the module's last name, such as ``q_proj``."""
        return ranks_of(self.saved)

    @property
    def reaches_vision(self) -> bool:
        """Whether a saved tensor belongs to a layer of the vision tower."""
        return any(VISION.search(name) for name in self.saved)


@dataclass(frozen=True)
class Diagnosis:
    """The result of an examination."""

    adapter: str
    base: str
    answers: tuple[Answer, ...]
    symptoms: tuple[Symptom, ...]
    ranks: dict[str, tuple[int, ...]]
    tensors: int
    parameters: int
    read: str
    facts: Facts = field(repr=False)

    @property
    def sound(self) -> bool:
        """No symptom makes it unsound."""
        return all(symptom.severity != "unsound" for symptom in self.symptoms)

    @property
    def exit_code(self) -> int:
        """0 sound, 1 unsound."""
        return 0 if self.sound else 1

    def to_json(self) -> dict[str, Any]:
        """Plain data, the same for the same files and library versions."""
        return {
            "adapter": self.adapter,
            "base": self.base,
            "sound": self.sound,
            "answers": [asdict(answer) for answer in self.answers],
            "symptoms": [asdict(symptom) for symptom in self.symptoms],
            "ranks": {module: list(ranks) for module, ranks in self.ranks.items()},
            "tensors": self.tensors,
            "parameters": self.parameters,
            "read": self.read,
        }


def effect(facts: Facts) -> tuple[str, str]:
    """Whether it would change any output, and why: ``yes``, ``no`` or ``not checked``."""
    if facts.refusal:
        return "no", "it does not load"
    if facts.loaded == 0:
        return "yes" if facts.random else "no", f"no saved tensor would load: {left(facts)}"
    if facts.config.get("lora_alpha") == 0:
        return "no", "lora_alpha is 0, so every update is multiplied by 0"
    seen = facts.values
    if seen is None or (not seen.live and not seen.complete):
        return "not checked", "its numbers were not read"
    if seen.live:
        count = f"{len(seen.live)} of {len(seen.live) + len(seen.dead)} modules that were read"
        return "yes", f"B is not zero in {count}"
    if any(module_of(name) is None for name in facts.saved.keys() - facts.unexpected):
        return "not checked", "B is zero everywhere, but it also replaces whole modules"
    return "no", "B or A is zero in every module"


def left(facts: Facts) -> str:
    """What becomes of the outputs when nothing loads."""
    if facts.random:
        return "outputs change at random, because init_lora_weights is false"
    return "outputs stay those of the bare base"


def ranks_of(shapes: Mapping[str, Shape]) -> dict[str, tuple[int, ...]]:
    """Ranks of A matrices, by the last part of their module's name."""
    ranks: dict[str, set[int]] = {}
    for name, shape in shapes.items():
        module = module_of(name)
        if module is not None and (".lora_A" in name or ".lora_embedding_A" in name) and shape:
            ranks.setdefault(module.rpartition(".")[2], set()).add(shape[0])
    return {module: tuple(sorted(found)) for module, found in sorted(ranks.items())}


def again(facts: Facts) -> str:
    """The command that examines it again."""
    return f"python -m paper_repro doctor {facts.adapter}"
