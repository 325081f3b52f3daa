"""What is said of a judged number: why, where else it would hold, and what to write."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction

from paper_repro.counting.denominators import LABELS
from paper_repro.hardware.words import span
from paper_repro.judging import Interval, Judgement, Key, Value, Verdict
from paper_repro.judging.interval import format_bound, format_number
from paper_repro.manuscript.numbers.known import Fact
from paper_repro.manuscript.numbers.statement import Statement

_UNITS = {
    "trained-share": " %",
    "hours": " hours",
    "samples": " rows",
    "steps": " steps",
    "epochs": " epochs",
}
_DECIDED_BY = {
    "trained-parameters": "rank, modules and base together, or a study,",
    "total-parameters": "rank, modules and base together, or a study,",
    "trained-share": "a count and what it is a share of, or a study,",
    "base-size": "a base that `count` knows, or a study,",
    "steps": "rows, batch and epochs together, or a study,",
}


def comparable(statement: Statement, value: Value) -> Value:
    """A value in the form in which the statement states it."""
    if statement.frozen:
        if isinstance(value, Interval):
            low = None if value.high is None else 100 - value.high
            high = None if value.low is None else 100 - value.low
            return Interval(low, high)
        if isinstance(value, int | Fraction):
            return 100 - value
    return value


def message(statement: Statement, facts: Mapping[Key, Fact], key: Key, found: Judgement) -> str:
    """Why it holds or does not, with the count."""
    fact = facts[key]
    what = f"{_value(statement, comparable(statement, fact.value))}: {fact.formula}"
    at = f" (variant {key.variant})" if key.variant else ""
    match found.verdict:
        case Verdict.HOLDS:
            return f"Holds{at}. {what}."
        case Verdict.HOLDS_ROUNDED:
            return f"Holds when rounded{at}. {what}."
        case Verdict.UNDERDETERMINED:
            return f"Cannot be decided{at}: found is {what}."
    others = _others(statement, facts, found, key)
    if found.verdict is Verdict.HOLDS_CONVENTION:
        return f"It holds {others}. As it is written{at} it would be {what}."
    elsewhere = f" It is true {others}." if others else ""
    return f"Counted again{at} it is {what}.{elsewhere}"


def _others(statement: Statement, facts: Mapping[Key, Fact], found: Judgement, at: Key) -> str:
    """Where else the number would hold, in words."""
    words = []
    for key in found.reconciles:
        parts = []
        if key.variant and key.variant != at.variant:
            parts.append(f"of the variant {key.variant}")
        if key.convention in LABELS:
            parts.append(f"as a share of {LABELS[key.convention]}")
        elif key.convention:
            parts.append(f"of {key.convention}")
        if parts:
            own = _value(statement, comparable(statement, facts[key].value))
            words.append(f"{', '.join(parts)}: {own}")
    return "; ".join(words[:3])


def suggestion(statement: Statement, own: Value, found: Judgement) -> str:
    """What to write; empty where nothing is to be changed."""
    if found.verdict not in (Verdict.CONTRADICTED, Verdict.HOLDS_CONVENTION):
        return ""
    if found.verdict is Verdict.HOLDS_CONVENTION:
        convention = found.reconciles[0].convention if found.reconciles else ""
        whole = LABELS.get(convention, convention)
        return f"{statement.text} of {whole}" if whole else ""
    return _value(statement, own)


def _value(statement: Statement, value: Value) -> str:
    """As people read it."""
    unit = _UNITS.get(statement.rule, "")
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if value is None:
        return "open"
    if isinstance(value, str | bool):
        return str(value)
    if isinstance(value, Interval):
        low, high = value.low, value.high
        if low is not None and high is not None:
            return f"{span(value)}{unit}"
        if low is not None:
            return f"at least {format_bound(low, ROUND_FLOOR)}{unit}"
        return f"at most {format_bound(high or 0, ROUND_CEILING)}{unit}"
    if statement.rule in ("trained-parameters", "total-parameters", "base-size"):
        return f"{format_number(value)} ({_short(Fraction(value))})"
    if statement.rule == "trained-share":
        return f"{float(value):.4g}{unit}" if statement.frozen else f"{float(value):.3g}{unit}"
    return f"{format_number(value)}{unit}"


def _short(value: Fraction) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{float(value / size):.3g}{letter}"
    return format_number(value)


def nothing(statement: Statement, of: str) -> str:
    """Why a statement is not checked, and what would check it."""
    wanted = _DECIDED_BY.get(statement.rule, "a study or a record of the run")
    return f"Not checked: {of} does not decide it; {wanted} would."
