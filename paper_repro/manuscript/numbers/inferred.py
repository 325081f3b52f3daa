"""What a text's own statements decide, where no study does.

Rank, modules and base give the counts; a count and a base its share; rows, batch and epochs the
steps. Where a text names several of one of them, nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from fractions import Fraction

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.bases import BUILT_IN, resolve_base
from paper_repro.counting.denominators import LABELS, denominators, percent
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import ALL_LINEAR, LoraSpec, wrap
from paper_repro.errors import UserError
from paper_repro.judging import Interval, Key, Printed
from paper_repro.manuscript.numbers.known import Fact, Known, Place, steps_of
from paper_repro.manuscript.numbers.models import is_model, mentions, size_in
from paper_repro.manuscript.numbers.modules import LINEAR
from paper_repro.manuscript.numbers.statement import Rule, Statement

HERE = Key()
_BATCH = re.compile(
    r"(?:(?P<kind>effective|global|total|per-device|"
    r"per device)?[ -]?(?:mini-?)?batch(?:es)?[ -]?(?:size)?s?"
    r"(?: (?:of|was|is|set to))?|per_device_train_batch_size) ?[:=]? ?(?P<size>\d{1,6})\b",
    re.I,
)
_TUNES = re.compile(
    r"fine-?tun|LoRA|adapter|\bbase\b|PEFT|trainable|\brank\b|\br ?= ?\d|_proj\b|starting point|"
    r"start\w* from",
    re.I,
)
_TALK = re.compile(r"-(?:instruct|chat|it|base|hf)(?:-hf)?$", re.I)
_ACCUMULATION = re.compile(
    r"accumulat\w*(?:[ _]steps)?(?: (?:of|over|was|is|set to|for))? ?[:=]? ?(?P<size>\d{1,5})\b"
    r"|\b(?P<steps>\d{1,5}) (?:gradient[ -])?accumulation",
    re.I,
)


def of_text(
    statements: list[Statement], text: str, base: str | None, packed: bool = False
) -> Known:
    """What the statements of one manuscript decide.

    Args:
        text: all its prose.
        base: its base, as a hub id or a folder; None where it is not known.
        packed: whether it says that its base is stored in 4 bits.
    """
    facts: dict[Place, dict[Key, Fact]] = {}
    said = _of_named(base, statements) if base else _of_printed(statements)
    for rule, key, fact in said:
        if key.convention == "packed-4bit" and not packed:
            continue
        facts.setdefault((rule, 0, ""), {})[key] = fact
    if steps := _steps(statements, text):
        facts["steps", 0, ""] = steps
    return Known(facts, "", base or _tuned(statements), (0,), "the text itself")


def named_base(text: str, tuned: Collection[str] = ()) -> str | None:
    """Hub id of the built-in base that a text about fine-tuning names.

    Args:
        text: all of it.
        tuned: names of those that it says were fine-tuned.

    Returns:
        The one that is named alone, or of several the one that is said to be tuned; else None, as
        where another is said to be tuned.
    """
    if not _TUNES.search(text):
        return None
    named = [m.name for m in mentions(text)]
    found = dict.fromkeys(hub for name in named for hub in BUILT_IN if _same(name, hub))
    said = [hub for hub in found if any(_same(name, hub) for name in tuned)]
    if not said and any(map(size_in, tuned)):
        return None
    return next((each[0] for each in (list(found), said) if len(each) == 1), None)


def _same(name: str, hub: str) -> bool:
    """Of one architecture, tuned for talk or not."""
    size = size_in(name)
    same_size = size is not None and size.lower() == (size_in(hub) or "").lower()
    return same_size and (is_model(name, hub) or is_model(_TALK.sub("", name), hub))


def _tuned(statements: list[Statement]) -> str | None:
    """What the text says that it fine-tuned."""
    named = _only(statements, "base-model")
    return str(named.stated) if named is not None else None


def _only(statements: list[Statement], rule: Rule) -> Statement | None:
    found = {_value(s): s for s in statements if s.rule == rule}
    return next(iter(found.values())) if len(found) == 1 else None


def _value(statement: Statement) -> object:
    stated = statement.stated
    return stated.exact if isinstance(stated, Printed) else stated


def _of_named(name: str, statements: list[Statement]) -> Iterator[tuple[Rule, Key, Fact]]:
    """Of a base whose architecture is known."""
    architecture = architecture_of(resolve_base(name)[1])
    base = architecture.parameters
    yield "base-size", HERE, Fact(base, f"{name} has {base:,} parameters")
    counted = list(_counts(architecture, statements))
    for key, count, formula in counted:
        yield "trained-parameters", key, Fact(count, formula)
        total = f"{base:,} + {count:,} = {base + count:,}"
        yield "total-parameters", key, Fact(base + count, total)
    if counted:
        count = counted[0][1]
        for label, size in denominators(architecture, count, nominal=_nominal(name)).items():
            formula = f"{count:,} / {size:,} ({LABELS[label]})"
            yield "trained-share", Key("", label), Fact(percent(count, size), formula)
    elif stated := _only(statements, "trained-parameters"):
        wholes = denominators(architecture, 0, nominal=_nominal(name))
        sizes = {label: Interval.point(size) for label, size in wholes.items()}
        low, high = _ends(stated.printed)
        if low is not None and high is not None:
            sizes["total"] = Interval(architecture.parameters + low, architecture.parameters + high)
        yield from _shares(stated.printed, sizes)


def _of_printed(statements: list[Statement]) -> Iterator[tuple[Rule, Key, Fact]]:
    """Of a base that only the text knows: a count that it prints and a size that it prints."""
    trained = _only(statements, "trained-parameters")
    base, total = _only(statements, "base-size"), _only(statements, "total-parameters")
    if trained is None:
        return
    sizes = {}
    if base is not None:
        sizes["base"] = Interval(*_ends(base.printed))
    if total is not None:
        sizes["total"] = Interval(*_ends(total.printed))
    if len(sizes) == 1:
        sizes = dict.fromkeys(("base", "total"), *sizes.values())
    yield from _shares(trained.printed, sizes)


def _ends(stated: Printed) -> tuple[Fraction | None, Fraction | None]:
    """Between what a printed count lies; one with all its digits is itself."""
    if stated.exact is not None and stated.exact % 1000:
        return stated.exact, stated.exact
    return stated.interval.low, stated.interval.high


def _shares(stated: Printed, sizes: dict[str, Interval]) -> Iterator[tuple[Rule, Key, Fact]]:
    """A printed count's share of a size: an interval where either is rounded."""
    for label, size in sizes.items():
        low, high = _ends(stated)
        if low is None or high is None or not size.low or not size.high:
            continue
        least, most = 100 * low / size.high, 100 * high / size.low
        share = least if least == most else Interval(least, most)
        formula = f"{stated.text} of {LABELS[label]} as printed or counted"
        yield "trained-share", Key("", label), Fact(share, formula)


def _nominal(name: str) -> int | None:
    size = size_in(name)
    if size is None:
        return None
    return int(Fraction(size[:-1]) * (10**9 if size[-1].upper() == "B" else 10**6))


def _counts(
    architecture: Architecture, statements: list[Statement]
) -> Iterator[tuple[Key, int, str]]:
    rank, modules = _only(statements, "rank"), _only(statements, "modules")
    if rank is None or modules is None or rank.printed.exact is None:
        return
    named = modules.stated
    targets = architecture.language_names if named == LINEAR else tuple(sorted(named))  # type: ignore[arg-type]
    forms = [("", targets)] + ([("all-linear", (ALL_LINEAR,))] if named == LINEAR else [])
    for label, names in forms:
        try:
            wrapped = wrap(architecture, LoraSpec(int(rank.printed.exact), names))
        except UserError:
            continue
        yield Key("", label), wrapped.parameters, wrapped.formula


def _steps(statements: list[Statement], text: str) -> dict[Key, Fact]:
    epochs, rows = _only(statements, "epochs"), _training_rows(statements)
    batch = _batch(text)
    if epochs is None or epochs.printed.exact is None or rows is None or batch is None:
        return {}
    ways = steps_of(rows, batch, int(epochs.printed.exact))
    return {Key("", way): fact for way, fact in ways.items()}


def _training_rows(statements: list[Statement]) -> int | None:
    samples = [s for s in statements if s.rule == "samples" and s.printed.exact]
    for split in ("train", "any", "all"):
        found = {int(s.printed.exact or 0) for s in samples if s.about == split}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _batch(text: str) -> int | None:
    """Samples an update: an effective batch, or a batch times its accumulation."""
    sizes = {(m["kind"] or "").lower(): int(m["size"]) for m in _BATCH.finditer(text)}
    whole = {size for kind, size in sizes.items() if kind in ("effective", "global", "total")}
    if whole:
        return whole.pop() if len(whole) == 1 else None
    found = set(sizes.values())
    times = {int(m["size"] or m["steps"]) for m in _ACCUMULATION.finditer(text)}
    if len(found) != 1 or len(times) > 1:
        return None
    return (found.pop() * (times.pop() if times else 1)) or None
