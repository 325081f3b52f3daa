"""Tensors whose names PEFT does not find on the base: which, why, and the way out.

``names(facts)`` tells the saved adapter of a second wrap (every name has PEFT's prefix twice) and
names of another library version (one change of their beginning makes all of them match) from
tensors that are missing or of another model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from paper_repro.counting.facts import PREFIX, Facts, Symptom, again, left


def names(facts: Facts) -> Iterator[Symptom]:
    """Names that PEFT does not find on the base, or does not find in the file."""
    if facts.refusal or not (facts.unexpected or facts.missing):
        return
    first = min(facts.unexpected, default="none")
    expected = min(facts.expected, default="none")
    if facts.unexpected and doubled(facts.saved):
        yield _doubled_prefix(facts, expected, first)
    elif facts.loaded == 0 and facts.mismatched == []:
        renaming = common_renaming(facts.unexpected, facts.expected)
        yield Symptom(
            "unsound",
            "no key matches",
            "None of its tensors has a name that this base's layers have: nothing would load, and "
            f"{left(facts)}.{_renamed(renaming)}",
            expected,
            first,
            _mapping(facts, renaming) or f"{again(facts)} --base THE_RIGHT_BASE",
        )
    else:
        yield from _some_names(facts, first)


def doubled(saved: Iterable[str]) -> bool:
    """Whether every name has PEFT's prefix twice, as a ``PeftModel`` in another one saves it."""
    names = list(saved)
    return bool(names) and all(name.startswith(PREFIX * 2) for name in names)


def _doubled_prefix(facts: Facts, expected: str, first: str) -> Symptom:
    recovered = {name.removeprefix(PREFIX) for name in facts.saved} & facts.expected.keys()
    return Symptom(
        "unsound",
        "doubled prefix",
        "Every name has PEFT's prefix twice: get_peft_model was called on a model that was a "
        "PeftModel already, and the outer one was saved. PEFT finds none of these names, warns, "
        f"and leaves every matrix as initialised: no tensor would load, and {left(facts)}. With "
        f"one prefix removed, {len(recovered)} of {len(facts.saved)} would match; any others are "
        "of the adapter that the second wrap re-used, which its config does not name.",
        expected,
        first,
        'PeftModel.from_pretrained(base, adapter, key_mapping={r"^base_model\\.model\\.": ""})'
        "  (loads those that match); train again with named adapters to keep both levels",
    )


def _some_names(facts: Facts, first: str) -> Iterator[Symptom]:
    strangers = facts.unexpected
    if strangers:
        yield Symptom(
            "unsound",
            "unexpected tensors",
            f"{len(strangers)} saved tensors have names that this config on this base does not "
            "have; PEFT passes over them.",
            f"names such as {min(facts.expected, default='none')}",
            first,
            f"{again(facts)} --base THE_RIGHT_BASE",
        )
    absent = facts.missing - set(facts.mismatched)
    if absent:
        yield Symptom(
            "unsound",
            "missing tensors",
            f"{len(absent)} tensors that the config promises are not saved; they keep "
            f"their fresh initialisation, {'random' if facts.random else 'B = 0'}.",
            f"{len(facts.expected)} tensors, {min(absent)} among them",
            f"{len(facts.saved)} tensors",
            "save it again, from the model that was trained",
        )


def common_renaming(saved: Iterable[str], expected: Iterable[str]) -> tuple[str, str] | None:
    """The one change of a name's beginning that turns saved names into expected ones.

    Returns:
        ``(from, to)``, when replacing the beginning ``from`` by ``to`` turns every saved name
        into an expected one; else ``None``.
    """
    names, known = sorted(saved), set(expected)
    ends = Counter(end for name in known for end in _ends(name))
    for end in _ends(names[0]) if names else ():
        if ends[end] == 1:
            whole = next(name for name in known if name.endswith(f".{end}") or name == end)
            old, new = names[0][: -len(end)], whole[: -len(end)]
            turned = {new + name[len(old) :] for name in names if name.startswith(old)}
            return (old, new) if len(turned) == len(names) and turned <= known else None
    return None


def _ends(name: str) -> Iterator[str]:
    """``a.b.c``, ``b.c``, ``c``: the longest first."""
    while name:
        yield name
        name = name.partition(".")[2]


def _renamed(renaming: tuple[str, str] | None) -> str:
    if renaming is None:
        return ""
    return (
        f" Names that begin with '{renaming[1]}' instead of '{renaming[0]}' would all match: "
        "another version of transformers or PEFT calls the layers so."
    )


def _mapping(facts: Facts, renaming: tuple[str, str] | None) -> str:
    if renaming is None or not all(part.startswith(PREFIX) for part in renaming):
        return ""
    old, new = (part.removeprefix(PREFIX) for part in renaming)
    return (
        f"PeftModel.from_pretrained(base, {facts.adapter!r}, "
        f'key_mapping={{r"^{re.escape(old)}": "{new}"}})'
    )
