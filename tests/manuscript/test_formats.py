"""What programs read of findings: JSON, SARIF, GitHub's commands."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from paper_repro.manuscript.finding import SEVERITIES
from paper_repro.manuscript.formats import (
    File,
    as_github,
    as_json,
    as_sarif,
    check_schema,
    counted,
)
from tests.manuscript.texts import found

TEXT = "We retrained Qwen2-VL-2B for PitVQA with LoRA (r=16), 18M parameters, 0.9 % of the model.\n"
FINDINGS = found(TEXT)
FILES = [File("paper.md", "the study pitvqa"), File("b.pdf", "", "b.pdf is encrypted.")]


def test_json_is_what_its_schema_says():
    said = json.loads(as_json(FILES, FINDINGS))
    schema = json.loads(check_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(said, schema)
    assert said["files"][1]["problem"] == "b.pdf is encrypted."
    assert sum(said["counts"].values()) == len(said["findings"]) == len(FINDINGS) > 3
    wrong = next(each for each in said["findings"] if each["rule"] == "trained-parameters")
    assert (wrong["path"], wrong["line"], wrong["column"]) == ("paper.md", 1, TEXT.index("18M") + 1)
    assert (wrong["kind"], wrong["severity"], wrong["verdict"]) == (
        "number",
        "error",
        "contradicted",
    )
    assert wrong["text"] == "18M" and "4,358,144" in wrong["suggestion"] and wrong["page"] is None


@pytest.mark.parametrize("field", ["line", "verdict", "severity", "kind", "suggestion"])
def test_the_schema_wants_every_field_of_the_right_kind(field):
    said, schema = json.loads(as_json(FILES, FINDINGS)), json.loads(check_schema())
    said["findings"][0][field] = ["no"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, schema)
    del said["findings"][0][field]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, schema)


def test_counts():
    counts = counted(FINDINGS)
    assert list(counts) == list(SEVERITIES)
    assert counts["error"] == sum(each.severity == "error" for each in FINDINGS) >= 2


def test_sarif_places_each_finding_and_says_what_failed():
    (run,) = json.loads(as_sarif(FILES, FINDINGS))["runs"]
    names = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result, finding in zip(run["results"], FINDINGS, strict=True):
        assert names[result["ruleIndex"]] == result["ruleId"] == finding.rule
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "paper.md"
        region = place["region"]
        line = TEXT.splitlines()[region["startLine"] - 1]
        assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == finding.text
        assert result["level"] == finding.severity
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "encrypted" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_github_commands_are_escaped():
    lines = as_github(FILES, FINDINGS).splitlines()
    assert lines[0] == "::error file=b.pdf::b.pdf is encrypted."
    assert len(lines) == 1 + sum(each.severity != "note" for each in FINDINGS) > 1
    wrong = next(line for line in lines if "trained-parameters" in line)
    assert wrong.startswith("::error file=paper.md,line=1,col=")
    assert "title=trained-parameters%3A contradicted::" in wrong
    odd = replace(FINDINGS[0], severity="warning", path="a,b:c.md", message="100 %\nof it")
    (line,) = as_github([], [odd]).splitlines()
    assert "file=a%2Cb%3Ac.md" in line and "100 %25%0Aof it" in line
