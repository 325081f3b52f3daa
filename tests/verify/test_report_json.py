"""The JSON report and the published schemas."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from paper_repro.cli.schema import write_schemas
from paper_repro.judging import Verdict
from paper_repro.manuscript.formats import check_schema
from paper_repro.study.load import BUILT_IN, FILES
from paper_repro.verify.report import json as reports
from paper_repro.verify.report import render
from paper_repro.verify.result import Report
from tests.verify.sample_report import ALL, CLAIMS, sample_report
from tests.verify.written_records import bent, record

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
RENEW = (
    'python -c "from pathlib import Path; from paper_repro.cli.schema import write_schemas; '
    "write_schemas(Path('docs/schemas'))\""
)


def built_in_tables() -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for name in FILES:
        tables |= tomllib.loads((BUILT_IN / name).read_text(encoding="utf-8"))
    return tables


def test_json_is_the_whole_report() -> None:
    text = render(ALL, "json")
    assert Report.model_validate_json(text) == ALL
    assert text.endswith("}\n")
    assert "├── Qwen2-VL-2B-Instruct:     2,000,000,000" in text


def test_the_promised_fields_are_there() -> None:
    data = json.loads(render(ALL, "json"))
    assert {"study", "claims", "summary"} <= set(data)
    promised = (
        "id quote place printed found unit denominator evidence verdict by_variant explanation "
        "reconciles command"
    )
    for one in data["claims"]:
        assert set(promised.split()) <= set(one)
    assert data["summary"]["contradicted"] == sum(
        one["verdict"] == "contradicted" for one in data["claims"]
    )


def test_what_differs_between_runs_comes_last() -> None:
    first, second = (render(sample_report(seconds=s), "json") for s in ("1.0", "2.0"))
    before, run = first.split('\n  "run": ')
    assert second.split('\n  "run": ')[0] == before
    assert json.loads(run.removesuffix("}\n")) == {"seconds": "1.0"}


def test_order_of_insertion_makes_no_difference() -> None:
    shuffled = ALL.model_copy(
        update={
            "summary": dict(reversed(ALL.summary.items())),
            "run": dict(reversed(ALL.run.items())),
        }
    )
    assert render(shuffled, "json") == render(ALL, "json")
    assert list(json.loads(render(shuffled, "json"))["summary"]) == [str(v) for v in Verdict]


def test_numbers_that_json_cannot_hold_are_refused() -> None:
    broken = CLAIMS[1].model_copy(update={"found": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        render(sample_report([broken]), "json")


def test_the_report_validates_and_a_broken_one_does_not() -> None:
    schema = json.loads(reports.schema())
    data = json.loads(render(ALL, "json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    data["claims"][0]["verdict"] = "passed"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


def test_the_study_schema_reads_the_toml_of_the_built_in_study() -> None:
    schema = json.loads(reports.study_schema())
    tables = built_in_tables()
    jsonschema.validate(tables, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tables | {"surprise": 1}, schema)


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("report", reports.schema),
        ("study", reports.study_schema),
        ("record", reports.record_schema),
        ("bench", reports.bench_schema),
        ("check", check_schema),
    ],
)
def test_committed_schemas_are_current(name: str, current: Any) -> None:
    committed = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    assert committed == current(), f"stale; renew it with: {RENEW}"


def test_the_record_schema_takes_a_record_and_describes_every_field() -> None:
    schema = json.loads(reports.record_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(record(), schema)
    assert all(len(field.get("description", "")) > 5 for field in schema["properties"].values())
    for place, value in (("steps", "six"), ("schema", "another/1"), ("status", "done")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bent(record(), place, value), schema)
    for name in record():
        short = {key: value for key, value in record().items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(short, schema)


def test_schemas_are_written_where_asked(tmp_path: Path) -> None:
    write_schemas(tmp_path / "schemas")
    written = sorted(path.name for path in (tmp_path / "schemas").iterdir())
    assert written == sorted(path.name for path in SCHEMAS.glob("*.json"))
    for path in (tmp_path / "schemas").iterdir():
        assert path.read_text(encoding="utf-8") == (SCHEMAS / path.name).read_text("utf-8")
