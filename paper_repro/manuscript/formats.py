"""Findings for programs: JSON, SARIF, and the commands that GitHub's workflows read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from paper_repro import __version__
from paper_repro.manuscript.finding import SEVERITIES, Finding, PrintedFinding, Severity
from paper_repro.manuscript.terms.rules import rules

SCHEMA = "paper_repro.check/1"
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


@dataclass(frozen=True)
class File:
    """A file that was checked, or could not be read.

    Attributes:
        path: as it was typed.
        judged_by: the study or the text itself; empty where it could not be read.
        problem: why it could not be read; empty where it could.
    """

    path: str
    judged_by: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Printed:
    """What ``check --format json`` prints.

    Attributes:
        schema: name and version of this form.
        files: every file that was named, in that order.
        counts: how many findings there are of each severity.
        findings: all of them, in the order of the files and of their text.
    """

    schema: str
    files: list[File]
    counts: dict[Severity, int]
    findings: list[PrintedFinding]


def check_schema() -> str:
    """The JSON Schema of what ``check`` prints."""
    from paper_repro.verify.report.json import of_dataclass

    return of_dataclass(Printed, SCHEMA)


def counted(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many there are of each severity."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in SEVERITIES}


def as_json(files: Sequence[File], findings: Sequence[Finding]) -> str:
    """One JSON object, of the form :class:`Printed`."""
    told = [finding.printed() for finding in findings]
    return _text(asdict(Printed(SCHEMA, list(files), counted(findings), told)))


def _text(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_sarif(files: Sequence[File], findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, which code hosts and editors show."""
    described = {rule.id: rule.why for rule in rules()}
    names = sorted({finding.rule for finding in findings})
    run = {
        "tool": {
            "driver": {
                "name": "paper_repro check",
                "version": __version__,
                "rules": [
                    {"id": name, "shortDescription": {"text": described.get(name, name)}}
                    for name in names
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(file.problem for file in files),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{file.path}: {file.problem}"}}
                    for file in files
                    if file.problem
                ],
            }
        ],
        "results": [_result(finding, names) for finding in findings],
    }
    return _text(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _result(finding: Finding, names: list[str]) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endColumn": finding.column + len(finding.text),
        "snippet": {"text": finding.text},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": names.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": _sentence(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.path.replace("\\", "/")},
                    "region": region,
                }
            }
        ],
        "properties": {"kind": finding.kind, "verdict": finding.verdict.value},
    }


def as_github(files: Sequence[File], findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a change; notes are left out."""
    lines = [f"::error file={_value(f.path)}::{_escaped(f.problem)}" for f in files if f.problem]
    for finding in findings:
        if finding.severity == "note":
            continue
        place = f"file={_value(finding.path)},line={finding.line},col={finding.column}"
        title = f"{finding.rule}: {finding.verdict.value}"
        said = _escaped(f"{finding.text!r}: {_sentence(finding)}")
        lines.append(f"::{finding.severity} {place},title={_value(title)}::{said}")
    return "".join(f"{line}\n" for line in lines)


def _sentence(finding: Finding) -> str:
    if not finding.suggestion:
        return finding.message
    return f"{finding.message} Write: {finding.suggestion}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
