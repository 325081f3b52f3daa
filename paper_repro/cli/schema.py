"""``schema``: print a published JSON Schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SchemaName(StrEnum):
    """The published JSON Schemas."""

    study = "study"
    report = "report"


def schema(name: Annotated[SchemaName, typer.Argument(help="Which schema.")]) -> None:
    """Print the JSON Schema of a study's data or of verify's JSON."""
    from paper_repro.cli.tables import emit
    from paper_repro.verify.report import json

    emit(json.study_schema() if name is SchemaName.study else json.schema())
