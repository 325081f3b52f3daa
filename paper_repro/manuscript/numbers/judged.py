"""A verdict for every statement, by what is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from paper_repro.judging import Interval, Judgement, Key, Printed, Value, Verdict, judge
from paper_repro.manuscript.numbers.known import Fact, Known, Place
from paper_repro.manuscript.numbers.models import is_model
from paper_repro.manuscript.numbers.modules import LINEAR
from paper_repro.manuscript.numbers.statement import ONE_ADAPTER, Statement
from paper_repro.manuscript.numbers.wording import comparable, message, nothing, suggestion

_LEVEL_FREE = ("base-model", "base-size")


class Judged(NamedTuple):
    """A statement's verdict, why, and what to write."""

    verdict: Verdict
    message: str
    suggestion: str


def judged(statement: Statement, known: Known, level: int) -> Judged:
    """Judge a statement.

    Args:
        level: that it is said of; 0 where nothing names one, and then it is the last.
    """
    tried = [_at(statement, known, place) for place in _places(statement, known, level)]
    decided = [each for each in tried if each.verdict is not Verdict.NOT_CHECKED]
    if not decided:
        return Judged(Verdict.NOT_CHECKED, nothing(statement, known.of), "")
    good = [v for v in decided if v.verdict in (Verdict.HOLDS, Verdict.HOLDS_ROUNDED)]
    return (good or decided)[0]


def _places(statement: Statement, known: Known, level: int) -> Iterator[Place]:
    rule = statement.rule
    if rule in _LEVEL_FREE:
        yield rule, 0, ""
        return
    levels = (level,) if level in known.levels else known.levels[:1]
    for number in levels:
        if rule != "samples":
            yield rule, number, ""
        elif statement.about == "any":
            yield from ((rule, number, split) for split in ("all", "train", "validation"))
        else:
            yield rule, number, statement.about


def _at(statement: Statement, known: Known, place: Place) -> Judged:
    facts = known.facts.get(place, {})
    key = _key(statement, known, facts)
    if key is None:
        return Judged(Verdict.NOT_CHECKED, "", "")
    values = {each: comparable(statement, fact.value) for each, fact in facts.items()}
    found = judge(_stated(statement, values[key]), values, key)
    rounded = known.variant == "" and isinstance(values[key], Interval)
    if rounded and found.verdict in (Verdict.UNDERDETERMINED, Verdict.HOLDS):
        found = Judgement(Verdict.HOLDS_ROUNDED)
    return Judged(
        found.verdict,
        message(statement, facts, key, found),
        suggestion(statement, values[key], found),
    )


def _key(statement: Statement, known: Known, facts: Mapping[Key, Fact]) -> Key | None:
    """At which key it is judged; of the ways in which a text may have counted, one that fits."""
    shared = statement.rule == "trained-share"
    if statement.about == ONE_ADAPTER and (one := Key(known.variant, ONE_ADAPTER)) in facts:
        return one
    if statement.rule == "steps" or not (known.variant or shared):
        own = {key: fact for key, fact in facts.items() if key.variant in (known.variant, "")}
        fitting = (key for key, fact in own.items() if _fits(statement, fact.value))
        return next(fitting, next(iter(own), None))
    convention = (statement.about or "base") if shared else ""
    keys = Key(known.variant, convention), Key("", convention)
    return next((key for key in keys if key in facts), None)


def _fits(statement: Statement, value: Value) -> bool:
    return isinstance(value, int) and value in statement.printed.interval


def _stated(statement: Statement, own: Value) -> Printed | Value:
    """What is stated, in the form of what was found."""
    stated = statement.stated
    if statement.rule == "base-model" and isinstance(stated, str) and isinstance(own, str):
        return own if is_model(stated, own) else stated
    if statement.rule == "card" and isinstance(stated, str) and isinstance(own, str):
        return own if _plain(stated) in own.upper().split() else stated
    if stated == LINEAR and isinstance(own, frozenset):
        return own if len(own) == 7 else stated
    return stated


def _plain(card: str) -> str:
    return re.sub(r"\W", "", card.upper())
