"""How often the checker of manuscripts is right: precision and recall by rule.

    python -m benchmarks.manuscripts [--write] [--part seen] [--wrong] [--first-reading ANNOTATORS]

Reads the labelled texts in ``tests/manuscript/corpus``: ``seen`` ones, which were at hand while the
rules were written, and ``unseen`` ones, which were not. A finding is right when a label of its rule
stands at the same words with the same severity and, for a number, the same verdict.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

from paper_repro.manuscript.asked import Asked
from paper_repro.manuscript.check import check, may_matter
from paper_repro.manuscript.disabled import directives, enabled
from paper_repro.manuscript.finding import Finding
from paper_repro.manuscript.numbers.statement import Rule
from paper_repro.manuscript.readers import read
from paper_repro.study import load_study

CORPUS = Path(__file__).parent.parent / "tests" / "manuscript" / "corpus"
RECORD = Path(__file__).parent / "records" / "manuscripts.json"
FIRST = RECORD.with_name("manuscripts-unseen.json")
PARTS = ("seen", "unseen")


@dataclass(frozen=True)
class Label:
    """What a text should be told, and from where to where in a line its words stand.

    The verdict is empty where it is not compared: of terms the severity alone is.
    """

    rule: str
    severity: str
    verdict: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Labelled:
    """A text with its labels."""

    name: str
    path: Path
    study: str
    labels: tuple[Label, ...]


def corpus(part: str, folder: Path) -> Iterator[Labelled]:
    """Every text of a part; sentences are written into ``folder`` as files of their own."""
    for file in sorted((CORPUS / part).glob("*.toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("sentence", []):
            path = folder / f"{entry['id']}.md"
            path.write_text(entry["text"], encoding="utf-8", newline="")
            labels = tuple(_of_sentence(entry["text"], label) for label in entry["findings"])
            yield Labelled(entry["id"], path, entry.get("study", "auto"), labels)
    for path in sorted((CORPUS / part).iterdir()):
        if path.suffix != ".toml":
            said = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
            text = path.read_text(encoding="utf-8")
            labels = tuple(_of_line(text, label) for label in said.get("finding", []))
            yield Labelled(path.name, path, said.get("study", "auto"), labels)


def _of_sentence(text: str, label: dict[str, Any]) -> Label:
    at = -1
    for _ in range(label.get("nth", 1)):
        at = text.index(label["text"], at + 1)
    line = text.count("\n", 0, at)
    start = at - (text.rfind("\n", 0, at) + 1) + 1
    return _label(label, line + 1, start)


def _of_line(text: str, label: dict[str, Any]) -> Label:
    line = text.splitlines()[label["line"] - 1]
    at = -1
    for _ in range(label.get("nth", 1)):
        at = line.index(label["text"], at + 1)
    return _label(label, label["line"], at + 1)


def _label(label: dict[str, Any], line: int, start: int) -> Label:
    end = start + len(label["text"])
    verdict = label.get("verdict", "") if label["rule"] in get_args(Rule) else ""
    return Label(label["rule"], label["severity"], verdict, line, start, end)


def fits(finding: Finding, label: Label) -> bool:
    """Whether a finding is what a label says."""
    return (
        _same_place(finding, label)
        and finding.severity == label.severity
        and (not label.verdict or finding.verdict.value == label.verdict)
    )


def _same_place(finding: Finding, label: Label) -> bool:
    overlaps = finding.column < label.end and label.start < finding.column + len(finding.text)
    return finding.rule == label.rule and finding.line == label.line and overlaps


def measured(part: str, show: bool = False) -> dict[str, dict[str, int]]:
    """True and false findings and missed labels of a part, by rule."""
    study = load_study()
    asked = {"auto": Asked(study), "pitvqa": Asked(study, always=True), "none": Asked(None)}
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for text in corpus(part, Path(folder)):
            manuscript = read(text.path, may_matter)
            told = check(manuscript, asked[text.study]).findings
            found = tuple(enabled(told, directives(manuscript)))
            for what, rule, said in _compared(found, text.labels):
                counts.setdefault(rule, Counter())[what] += 1
                if show and what != "right":
                    print(f"{text.name}: {what} {rule}: {said}")
    return {rule: dict(counts[rule]) for rule in sorted(counts)}


def _compared(
    found: tuple[Finding, ...], labels: tuple[Label, ...]
) -> Iterator[tuple[str, str, str]]:
    left = list(labels)
    for finding in found:
        label = next((label for label in left if fits(finding, label)), None)
        if label:
            left.remove(label)
        said = f"{finding.line}:{finding.column} {finding.text!r} {finding.severity}"
        what = "right" if label else "false"
        yield what, finding.rule, f"{said} {finding.verdict.value} in {finding.sentence!r}"
    for label in left:
        yield "missed", label.rule, str(label)


def summed(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """Of all rules."""
    total: Counter[str] = Counter()
    for each in counts.values():
        total.update(each)
    return {what: total[what] for what in ("right", "false", "missed")}


def precision_recall(each: dict[str, int]) -> tuple[float, float]:
    """Of one rule, or of all."""
    right, false, missed = (each.get(what, 0) for what in ("right", "false", "missed"))
    return right / (right + false or 1), right / (right + missed or 1)


def record() -> dict[str, Any]:
    """What the site prints."""
    parts = {}
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            texts = [text.path.parent == Path(folder) for text in corpus(part, Path(folder))]
        parts[part] = {
            "sentences": sum(texts),
            "manuscripts": len(texts) - sum(texts),
            "rules": measured(part),
        }
    return {"schema": "paper_repro.error-rate/1", "parts": parts}


def add_first_reading(of: dict[str, Any], annotators: int, today: date) -> None:
    """Add what :func:`record` finds of the held-out part to the list of first readings.

    Args:
        annotators: who labelled it, one after the other, before it was read.
    """
    kept = json.loads(FIRST.read_text(encoding="utf-8"))
    unseen = of["parts"]["unseen"]
    one = {"date": today.isoformat(), "sentences": unseen["sentences"]}
    one |= {"manuscripts": unseen["manuscripts"], "annotators": annotators}
    kept["sets"].append(one | summed(unseen["rules"]))
    FIRST.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--part", choices=PARTS, help="this part alone")
    parser.add_argument("--wrong", action="store_true", help="print what is false or missed")
    parser.add_argument("--write", action="store_true", help=f"renew {RECORD.name}")
    parser.add_argument(
        "--first-reading", type=int, metavar="ANNOTATORS", help=f"add to {FIRST.name}"
    )
    asked = parser.parse_args()
    for part in [asked.part] if asked.part else PARTS:
        counts = measured(part, asked.wrong)
        for rule, each in [*counts.items(), ("all", summed(counts))]:
            precision, recall = precision_recall(each)
            print(f"{part:7} {rule:24} precision {precision:.3f} recall {recall:.3f} {each}")
    if asked.first_reading:
        add_first_reading(record(), asked.first_reading, date.today())
    if asked.write:
        RECORD.write_text(json.dumps(record(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
