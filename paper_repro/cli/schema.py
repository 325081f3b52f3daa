"""``schema``: print a published JSON Schema."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SchemaName(StrEnum):
    """The published JSON Schemas."""

    study = "study"
    report = "report"
    record = "record"
    bench = "bench"
    check = "check"


def schema(name: Annotated[SchemaName, typer.Argument(help="Which schema.")]) -> None:
    """Print the JSON Schema of a study's data, of verify's or check's JSON, or of a record."""
    from paper_repro.cli.tables import emit

    emit(published(name))


def published(name: SchemaName) -> str:
    """One of the schemas, as JSON."""
    from paper_repro.manuscript.formats import check_schema
    from paper_repro.verify.report import json

    made = {
        SchemaName.study: json.study_schema,
        SchemaName.report: json.schema,
        SchemaName.record: json.record_schema,
        SchemaName.bench: json.bench_schema,
        SchemaName.check: check_schema,
    }
    return made[name]()


def write_schemas(folder: Path) -> None:
    """Write every schema into a folder; those of the docs stand in ``docs/schemas``.

    Raises:
        UserError: when the folder cannot be written.
    """
    from paper_repro.verify.report import write

    folder.mkdir(parents=True, exist_ok=True)
    for name in SchemaName:
        write(published(name), folder / f"{name}.json")
