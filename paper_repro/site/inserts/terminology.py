"""Say this, not that: the rules on words as a table."""

from __future__ import annotations

from paper_repro.manuscript.terms.rules import rules
from paper_repro.verify.report.markdown import escape, table


def say_this_part() -> str:
    """One wrong and one right sentence of every rule that asks for other words, and why."""
    rows = [
        (escape(rule.wrong[0]), escape(rule.right[0]), escape(rule.why), f"`{rule.id}`")
        for rule in rules()
        if rule.say
    ]
    return table(("not this", "but this", "because", "rule"), rows)
