"""What the document's own numbers add up to."""

from __future__ import annotations

from paper_repro.judging import Printed
from paper_repro.study.model import Study


def document_sum(study: Study) -> int | None:
    """The sum of the document's own breakdown, from the values as printed."""
    numbers = [printed_number(study, id) for id in study.document.breakdown]
    return sum(number for number in numbers if number is not None) or None


def printed_number(study: Study, id: str) -> int | None:
    """The whole number that a claim prints; ``None`` for ranges, bounds and statements."""
    stated = study.claim(id).stated()
    return int(stated.exact) if isinstance(stated, Printed) and stated.exact is not None else None
