"""The page of manuscripts: rules as they stand, and the record's own figures."""

from __future__ import annotations

import json
from datetime import date

from benchmarks import manuscripts
from benchmarks.manuscripts import RECORD
from paper_repro.manuscript.terms.rules import rules
from paper_repro.site.inserts.manuscripts import (
    error_rate_part,
    first_contact_part,
    rules_part,
    speed_part,
)


def test_every_rule_stands_with_its_severity_and_examples():
    table = rules_part()
    for rule in rules():
        row = next(line for line in table.splitlines() if f"`{rule.id}`" in line)
        assert all(words in row for words in rule.wrong)
        assert rule.say in row
        assert any(
            f"{severity}" in row for severity in (rule.yes, rule.unknown, rule.no) if severity
        )


def test_every_figure_is_of_the_record(tmp_path):
    part = error_rate_part(RECORD)
    kept = json.loads(RECORD.read_text(encoding="utf-8"))["parts"]
    for name, counts in kept["unseen"]["rules"].items():
        row = next(line for line in part.splitlines() if line.startswith(f"| `{name}`"))
        right = counts.get("right", 0)
        assert f"({right}/{right + counts.get('false', 0)})" in row
        assert f"({right}/{right + counts.get('missed', 0)})" in row
    assert f"{kept['seen']['sentences']} sentences" in part
    moved = json.loads(RECORD.read_text(encoding="utf-8"))
    moved["parts"]["unseen"]["rules"]["rank"] = {"right": 1, "false": 3}
    path = tmp_path / "r.json"
    path.write_text(json.dumps(moved), encoding="utf-8")
    assert "0.250 (1/4)" in error_rate_part(path)


def test_times_are_of_the_record(tmp_path):
    record = RECORD.with_name("manuscript-speed.json")
    kept = json.loads(record.read_text(encoding="utf-8"))
    part = speed_part(record)
    for name, one in kept["texts"].items():
        assert f"{name} | 10 MB | {one['seconds']:.1f} s | {one['findings']:,}" in part
    kept["texts"]["every paragraph"]["seconds"] = 77.7
    path = tmp_path / "r.json"
    path.write_text(json.dumps(kept), encoding="utf-8")
    assert "77.7 s" in speed_part(path)


def test_first_readings_are_written_and_summed(tmp_path, monkeypatch):
    monkeypatch.setattr(manuscripts, "FIRST", tmp_path / "first.json")
    old = {"date": "2026-01-01", "sentences": 5, "manuscripts": 1, "annotators": 1}
    sets = {"sets": [old | {"precision": 0.5, "recall": 0.25}]}
    manuscripts.FIRST.write_text(json.dumps(sets), encoding="utf-8")
    for right, false, missed in ((9, 1, 0), (7, 1, 2)):
        rules = {"rank": {"right": right, "false": false, "missed": missed}}
        unseen = {"sentences": 8, "manuscripts": 2, "rules": rules}
        manuscripts.add_first_reading({"parts": {"unseen": unseen}}, 2, date(2026, 1, 2))
    part = first_contact_part(manuscripts.FIRST)
    assert "| 2026-01-01 | 5 | 1 | 1 | 0.500 | 0.250 |" in part
    assert "| 2026-01-02 | 8 | 2 | 2 | 0.900 | 1.000 |" in part
    assert "precision 0.889, recall 0.889, of 20 findings" in part
    assert "the last set did not reach both" in part
    rules = {"rank": {"right": 98, "false": 3, "missed": 10}}
    good = {"sentences": 8, "manuscripts": 2, "rules": rules}
    manuscripts.add_first_reading({"parts": {"unseen": good}}, 2, date(2026, 1, 3))
    assert "the last set reached both" in first_contact_part(manuscripts.FIRST)
