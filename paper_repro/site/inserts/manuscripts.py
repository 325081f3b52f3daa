"""What the page of manuscripts shows: the rules on words, and how often the checker is right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from operator import ge
from pathlib import Path
from typing import Any

from paper_repro.manuscript.terms.rules import Fact, Rule, rules
from paper_repro.verify.report.markdown import table

RULES = ("rule", "severity", "flagged, such as", "say instead")
FACTS: dict[Fact, tuple[str, str]] = {
    "adapters": ("where adapters were trained", "where none were"),
    "four_bits": ("where the base was in 4 bits", "where it was not"),
    "seeded": ("where a seed was fixed", "where none was"),
    "rows_are_frames": ("where each row is a frame", "where rows are not frames"),
}
SPEED = ("about fine-tuning is", "Markdown", "takes", "findings")
WANTED = (0.97, 0.90)
"""Precision and recall."""
PARTS = {"seen": "at hand while the rules were written", "unseen": "held out"}
Counts = Mapping[str, int]


def rules_part() -> str:
    """The table of rules on words."""
    return table(RULES, map(_row, rules()))


def _row(rule: Rule) -> tuple[str, ...]:
    flagged = "<br>".join(f"“{words}”" for words in rule.wrong)
    say = rule.say or "– it holds"
    return f"`{rule.id}`", _severity(rule), flagged, say


def _severity(rule: Rule) -> str:
    """How severe, by what is known."""
    if rule.fact is None:
        return str(rule.yes)
    so, not_so = FACTS[rule.fact]
    kinds = ((rule.yes, so), (rule.no, not_so), (rule.unknown, "where nothing says"))
    return "; ".join(f"{severity} {when}" for severity, when in kinds if severity)


def error_rate_part(record: Path) -> str:
    """Precision and recall by rule, from the committed record of ``benchmarks/manuscripts.py``."""
    parts: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))["parts"]
    names = sorted({name for part in parts.values() for name in part["rules"]})
    heads = ["rule", *(f"{what}, {part}" for part in parts for what in ("precision", "recall"))]
    rows = [(f"`{name}`", *_cells(parts, name)) for name in names]
    told = "; ".join(
        f"*{name}* are {part['sentences']} sentences and {part['manuscripts']} manuscripts that "
        f"were "
        f"{PARTS[name]}"
        for name, part in parts.items()
    )
    return f"{told}.\n\n" + table(tuple(heads), [("**all**", *_cells(parts)), *rows])


def first_contact_part(record: Path) -> str:
    """Precision and recall on each held-out set the first time it was read, oldest first, and of
    those together that two people labelled."""
    sets: list[dict[str, Any]] = json.loads(record.read_text(encoding="utf-8"))["sets"]
    head = ("date", "sentences", "manuscripts", "annotators", "precision", "recall")
    rows = (
        (*(str(one[name]) for name in head[:4]), *map("{:.3f}".format, _precision_recall(one)))
        for one in sets
    )
    checked: Counter[str] = Counter()
    for one in sets:
        if one["annotators"] > 1:
            checked.update({name: one[name] for name in ("right", "false", "missed")})
    precision, recall = _precision_recall(checked)
    together = (
        f"Those with two annotators together: precision {precision:.3f}, recall {recall:.3f}, of "
        f"{checked.total():,} findings and labels."
    )
    return f"{table(head, rows)}\n\n{together} {_reached(sets[-1])}"


def _reached(last: Mapping[str, Any]) -> str:
    precision, recall = WANTED
    met = all(map(ge, _precision_recall(last), WANTED))
    return (
        f"On first reading a precision of {precision} and a recall of {recall} are wanted: the "
        f"last set {'reached' if met else 'did not reach'} both."
    )


def _precision_recall(one: Mapping[str, Any]) -> tuple[float, float]:
    """From its counts; of the first set nothing else was kept."""
    if "precision" in one:
        return one["precision"], one["recall"]
    right = one["right"]
    return right / (right + one["false"]), right / (right + one["missed"])


def speed_part(record: Path) -> str:
    """How long ten megabytes take, from the record of ``benchmarks/manuscript_speed.py``."""
    kept: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    where = kept["where"]
    rows = [
        (name, f"{one['megabytes']:.0f} MB", f"{one['seconds']:.1f} s", f"{one['findings']:,}")
        for name, one in kept["texts"].items()
    ]
    told = (
        f"Measured on {where['date']} on one of {where['cores']} cores ({where['cpu']}), Python "
        f"{where['versions']['python']}."
    )
    return f"{told}\n\n" + table(SPEED, rows)


def _cells(parts: Mapping[str, Any], name: str | None = None) -> list[str]:
    """Of one rule, or of all."""
    cells: list[str] = []
    for part in parts.values():
        every: Counter[str] = Counter()
        for rule, counts in part["rules"].items():
            every.update(counts if name in (None, rule) else {})
        right = every["right"]
        cells += [_share(right, right + every["false"]), _share(right, right + every["missed"])]
    return cells


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "–"
