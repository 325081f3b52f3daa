"""The JSON report and the published JSON Schemas, but for those of higher rooms.

``to_json(report)`` is deterministic; what belongs to one run alone (times, versions) stands in
``run``, last.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from paper_repro.study.model import Study
from paper_repro.verify.report.style import LOOKS
from paper_repro.verify.result import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMPUTED = ("configs", "places")
"""Fields of a study that its loader computes: no table of its TOML files may hold them."""


def to_json(report: Report) -> str:
    """The report as JSON: two spaces a level, UTF-8 as it is, a newline at the end.

    Raises:
        ValueError: when a found value is not a finite number.
    """
    data = report.model_dump(mode="json")
    order = [str(verdict) for verdict in LOOKS]
    data["summary"] = dict(sorted(data["summary"].items(), key=lambda item: order.index(item[0])))
    for claim in data["claims"]:
        claim["by_variant"] = dict(sorted(claim["by_variant"].items()))
    data["run"] = dict(sorted(data.pop("run").items()))
    return _text(data)


def schema() -> str:
    """The JSON Schema of the JSON report."""
    described = Report.model_json_schema(mode="serialization")
    return _text({"$schema": DIALECT} | described)


def study_schema() -> str:
    """The JSON Schema of a study's TOML files, read together as one table."""
    described = Study.model_json_schema()
    for field in COMPUTED:
        del described["properties"][field]
        described["required"].remove(field)
    described["description"] = (
        "A study: study.toml, models.toml, training.toml and claims.toml, read together."
    )
    return _text({"$schema": DIALECT} | described)


def record_schema() -> str:
    """The JSON Schema of a run's ``record.json``, described by the class's own docstring."""
    from paper_repro.training.record import SCHEMA, Record

    return of_dataclass(Record, SCHEMA)


def bench_schema() -> str:
    """The JSON Schema of what ``bench`` writes, described by the classes' own docstrings."""
    from paper_repro.bench.record import SCHEMA, Bench

    return of_dataclass(Bench, SCHEMA)


def of_dataclass(kind: type, name: str) -> str:
    """The schema of a record, of this name and version."""
    from pydantic import TypeAdapter

    described = TypeAdapter(kind).json_schema(mode="serialization")
    for part in (described, *described.get("$defs", {}).values()):
        if "properties" in part:
            _describe(part)
    described["properties"]["schema"]["const"] = name
    return _text({"$schema": DIALECT} | described)


def _describe(described: dict[str, Any]) -> None:
    """Put a docstring's attributes to the fields, all of which are needed, and no others."""
    doc = inspect.cleandoc(described["description"])
    described["description"], _, attributes = doc.partition("\n\nAttributes:\n")
    described["required"] = list(described["properties"])
    for names, meaning in re.findall(r"^    ([\w, ]+): ((?:.|\n     )+)", attributes, re.MULTILINE):
        for name in names.split(", "):
            described["properties"][name].pop("default", None)
            described["properties"][name]["description"] = " ".join(meaning.split())
    described["additionalProperties"] = False


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
