"""Names of all rules, on numbers and on words."""

from __future__ import annotations

from typing import get_args

from paper_repro.manuscript.numbers.statement import Rule
from paper_repro.manuscript.terms.rules import rules

NAMES: tuple[str, ...] = (*get_args(Rule), *(rule.id for rule in rules()))
