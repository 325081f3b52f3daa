"""``schema``: print a published JSON Schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SchemaName(StrEnum):
    """The published JSON Schemas."""

    study = "study"
    report = "report"
    record = "record"
    bench = "bench"


def schema(name: Annotated[SchemaName, typer.Argument(help="Which schema.")]) -> None:
    """Print the JSON Schema of a study's data, of verify's JSON, or of a record."""
    from paper_repro.cli.tables import emit
    from paper_repro.verify.report import json

    printed = {
        SchemaName.study: json.study_schema,
        SchemaName.report: json.schema,
        SchemaName.record: json.record_schema,
        SchemaName.bench: json.bench_schema,
    }
    emit(printed[name]())
