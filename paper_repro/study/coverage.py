"""Which claim covers each line and number of a study's document, or why none does.

``load_coverage(folder)`` reads ``coverage.toml``. Its completeness is a test of the study's, not
of this reader: ``tests/study/test_pitvqa.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from paper_repro.errors import UserError
from paper_repro.study.load import BUILT_IN, read_toml
from paper_repro.study.tables import Table


class Covered(Table):
    """One sentence or number of the document, and the claims that cover it or the reason."""

    line: Annotated[int, Field(ge=1)]
    kind: Literal["sentence", "number"]
    text: Annotated[str, Field(min_length=1, description="word for word")]
    claims: tuple[str, ...] = ()
    reason: str = ""

    @model_validator(mode="after")
    def _one_answer(self) -> Covered:
        if bool(self.claims) == bool(self.reason):
            raise ValueError(f"line {self.line}: expected either claims or a reason")
        return self


def load_coverage(folder: Path = BUILT_IN) -> tuple[Covered, ...]:
    """Read a study's ``coverage.toml``, in the document's order.

    Raises:
        UserError: when the file is missing or malformed.
    """
    entries = read_toml(folder, "coverage.toml").get("entries", ())
    try:
        return tuple(Covered.model_validate(entry) for entry in entries)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{folder / 'coverage.toml'} has an entry that is not valid.",
            expected=first["msg"],
            got=repr(first["input"])[:200],
            next_command=f"python -m paper_repro verify --study {folder} --stage arithmetic",
        ) from None
