"""Where every number of a text is from, and which claims of the study are about it."""

from __future__ import annotations

from typing import Any

from paper_repro.study import Study
from paper_repro.writing.text import Text
from paper_repro.writing.values import claims_on

SCHEMA = "paper_repro.provenance/1"


def provenance(study: Study, text: Text, of: str) -> dict[str, Any]:
    """As JSON.

    Args:
        of: the variant or the record that the text is of.
    """
    claims = claims_on(study, (figure for _, figure in text.figures))
    return {
        "schema": SCHEMA,
        "of": of,
        "numbers": [
            {
                "words": figure.words,
                "part": sentence.part,
                "quantity": figure.quantity,
                "subject": figure.of,
                "denominator": figure.convention,
                "source": figure.source,
                "claims": claims[figure.quantity, figure.of],
            }
            for sentence, figure in text.figures
        ],
        "cited": text.cited,
    }
