"""What can be wrong with a saved adapter: each symptom a pure function of the facts.

``diagnose(facts)`` gives all answers and symptoms in plain words. Nothing is read and no library
is loaded; symptoms of tensors' names are in ``naming``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from paper_repro.counting.facts import (
    VISION,
    Answer,
    Diagnosis,
    Facts,
    Shape,
    Symptom,
    again,
    effect,
    ranks_of,
)
from paper_repro.counting.naming import names
from paper_repro.counting.values import module_of

__all__ = ["CHECKS", "Answer", "Diagnosis", "Facts", "Symptom", "diagnose"]


def diagnose(facts: Facts) -> Diagnosis:
    """All answers and symptoms of an adapter."""
    seen = facts.values
    more = f"; {seen.read_bytes:,} bytes of weights" if seen else ""
    return Diagnosis(
        adapter=facts.adapter,
        base=facts.base,
        answers=tuple(_answers(facts)),
        symptoms=tuple(symptom for check in CHECKS for symptom in check(facts)),
        ranks=facts.ranks,
        tensors=len(facts.saved),
        parameters=facts.checkpoint.parameters,
        read=facts.checkpoint.read + more,
        facts=facts,
    )


def _answers(facts: Facts) -> Iterator[Answer]:
    total, matched = len(facts.expected), len(facts.saved.keys() - facts.unexpected)
    whole = facts.loaded == total > 0 and not facts.refusal
    detail = facts.refusal or f"{facts.loaded} of {total} expected tensors would get saved values"
    yield Answer("Does it load?", "yes" if whole else "no", detail)
    yield Answer("Onto what?", facts.base, facts.architecture)
    keys = f"{matched} of {len(facts.saved)} saved names are expected ones, of {total}"
    every = not facts.refusal and not facts.unexpected and not facts.missing
    yield Answer("Do all keys match?", "yes" if every else "no", keys)
    yield Answer("Would it change any output?", *effect(facts))
    wrong = [*_rank(facts), *_modules(facts)]
    ranks = ", ".join(f"{module} r={_listed(r)}" for module, r in facts.ranks.items())
    agree = "no" if wrong else "yes"
    yield Answer("Do rank and modules agree with its tensors?", agree, ranks or "no LoRA tensor")
    vision = sum(bool(VISION.search(name)) for name in facts.saved)
    reach = "yes" if vision else "no"
    yield Answer("Does it reach the vision tower?", reach, f"{vision} of its tensors are there")


def _refusal(facts: Facts) -> Iterator[Symptom]:
    if facts.refusal:
        yield Symptom(
            "unsound",
            "refused by PEFT",
            "PEFT does not put this adapter on this base.",
            f"modules of {facts.architecture}",
            facts.refusal,
            f"{again(facts)} --base THE_RIGHT_BASE",
        )


def _wrong_base(facts: Facts) -> Iterator[Symptom]:
    wrong = [
        name
        for name in facts.mismatched
        if _without_rank(name, facts.saved[name]) != _without_rank(name, facts.expected[name])
    ]
    if wrong:
        yield Symptom(
            "unsound",
            "wrong base",
            f"{len(wrong)} tensors do not fit the layers of this base; loading stops with an "
            "error.",
            f"{wrong[0]} of shape {_by(facts.expected[wrong[0]])}",
            _by(facts.saved[wrong[0]]),
            f"{again(facts)} --base {facts.named or 'THE_RIGHT_BASE'}",
        )


def _rank(facts: Facts) -> Iterator[Symptom]:
    """Ranks in the tensors against the ranks that the config gives (``rank_pattern`` included)."""
    promised = ranks_of(facts.expected)
    wrong = {
        module: ranks
        for module, ranks in facts.ranks.items()
        if module in promised and set(ranks) != set(promised[module])
    }
    if wrong:
        module, ranks = min(wrong.items())
        yield Symptom(
            "unsound",
            "rank disagrees",
            f"The tensors of {', '.join(sorted(wrong))} have another rank than the config gives.",
            f"{module} r={_listed(promised[module])}",
            f"{module} r={_listed(ranks)}",
            "save it again: save_pretrained writes config and tensors together",
        )


def _modules(facts: Facts) -> Iterator[Symptom]:
    promised, found = ranks_of(facts.expected).keys(), facts.ranks.keys()
    if facts.expected and promised != found:
        extra, lacking = sorted(found - promised), sorted(promised - found)
        said = [f"also has {', '.join(extra)}"] if extra else []
        said += [f"lacks {', '.join(lacking)}"] if lacking else []
        yield Symptom(
            "unsound",
            "modules disagree",
            "The tensors are of other modules than the config names.",
            ", ".join(sorted(promised)),
            f"a file that {' and '.join(said)}",
            "save it again: save_pretrained writes config and tensors together",
        )


def _no_effect(facts: Facts) -> Iterator[Symptom]:
    answer, detail = effect(facts)
    if answer == "no" and facts.loaded:
        yield Symptom(
            "unsound",
            "no effect",
            "It loads and changes nothing: an adapter before its first training step looks so.",
            "a module with A, B and lora_alpha other than zero",
            detail,
            "save it again, after training",
        )
    elif facts.values and facts.values.dead and facts.values.complete:
        dead = facts.values.dead
        yield Symptom(
            "note",
            "modules without effect",
            f"{len(dead)} modules add nothing: their A or B is zero.",
            "A and B other than zero",
            dead[0],
            "look whether those modules were meant to be trained",
        )


def _not_finite(facts: Facts) -> Iterator[Symptom]:
    bad = facts.values.not_finite if facts.values else ()
    if bad:
        yield Symptom(
            "unsound",
            "not finite",
            f"{len(bad)} tensors hold NaN or infinity, and so will every output.",
            "finite numbers",
            bad[0],
            "take an earlier checkpoint",
        )


def _other_base(facts: Facts) -> Iterator[Symptom]:
    if facts.named and facts.named != facts.base:
        yield Symptom(
            "note",
            "another base",
            "It was examined on another base than its config names.",
            facts.named,
            facts.base,
            again(facts),
        )


def _vision(facts: Facts) -> Iterator[Symptom]:
    if facts.reaches_vision:
        yield Symptom(
            "note",
            "reaches the vision tower",
            "Some of its tensors change the vision tower; features cached from the bare tower are "
            "not what this model sees.",
            "language layers only, if the text says so",
            next(name for name in facts.saved if VISION.search(name)),
            "say so in the paper's methods",
        )


def _saved_modules(facts: Facts) -> Iterator[Symptom]:
    whole = facts.config.get("modules_to_save")
    if whole:
        yield Symptom(
            "note",
            "whole modules saved",
            "It replaces whole modules of the base beside its LoRA matrices.",
            "LoRA matrices only, if the text counts them alone",
            ", ".join(map(str, whole)) if isinstance(whole, list) else str(whole),
            "count these weights too",
        )


def _siblings(facts: Facts) -> Iterator[Symptom]:
    if facts.siblings:
        yield Symptom(
            "note",
            "more adapters below",
            "Folders below hold adapters of their own, as PEFT saves a stack; this is one of it.",
            "one adapter",
            ", ".join(facts.siblings),
            f"python -m paper_repro doctor {facts.adapter}/{facts.siblings[0]}",
        )


CHECKS: tuple[Callable[[Facts], Iterator[Symptom]], ...] = (
    _refusal, names, _wrong_base, _rank, _modules, _no_effect, _not_finite,
    _other_base, _vision, _saved_modules, _siblings,
)  # fmt: skip


def _without_rank(name: str, shape: Shape) -> Shape:
    """A LoRA matrix's shape without its rank: rows of A, columns of B."""
    if module_of(name) is None:
        return shape
    return shape[1:] if "_A" in name.rpartition(".lora")[2] else shape[:1] + shape[2:]


def _by(shape: Shape) -> str:
    return " × ".join(f"{size:,}" for size in shape) or "()"


def _listed(ranks: Iterable[int]) -> str:
    return " and ".join(map(str, ranks))
