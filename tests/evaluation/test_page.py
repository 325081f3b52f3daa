"""``docs/evaluating.md`` says what there is, and what it shows runs."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.evaluation.intervals import RESAMPLES
from paper_repro.evaluation.noise import FIFTHS, Floor, study_noise
from paper_repro.evaluation.predictions import Prediction
from paper_repro.evaluation.results import TITLES

PAGE = (Path(__file__).parents[2] / "docs" / "evaluating.md").read_text(encoding="utf-8")


def block(before: str) -> str:
    """The first code block after some words."""
    found = re.search(rf"{re.escape(before)}.*?```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def command(words: str) -> str:
    done = CliRunner().invoke(app, words.removeprefix("python -m paper_repro ").split())
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_example_is_scored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.jsonl").write_text(block("<!-- file: answers.jsonl -->"))
    said = command(block('```json\n{"row"').strip().removeprefix("$ "))
    assert "answers.jsonl: 4 rows" in said and "beside it evaluation.json" in said
    found = json.loads((tmp_path / "answers-evaluation" / "evaluation.json").read_text())
    shown = json.loads(block("stands by its name:"))["quadrant_accuracy"]
    assert set(shown) == set(found["quadrant_accuracy"])
    for part in ("by_row", "by_video"):
        assert set(shown[part]) == set(found["quadrant_accuracy"][part])
    assert all(f"`{name}`" in PAGE for name in found.keys() - TITLES.keys())


def test_every_metric_and_every_field_is_described():
    assert all(f"`{name}`" in PAGE for name in TITLES)
    assert all(f"`{field.name}`" in PAGE for field in fields(Prediction))


def test_the_numbers_are_those_of_the_code():
    assert f"{RESAMPLES:,} times" in PAGE
    floor = Floor(study_noise(), FIFTHS)
    assert f"quadrant accuracy of {100 * floor.quadrant} %" in " ".join(PAGE.split())
    assert f"mean errors of {float(floor.mean_error):.1f}" in PAGE
    assert f"median distance of {floor.median_distance:.1f}" in PAGE


def test_the_papers_figures_have_their_entries():
    said = command(block("## The paper's own figures").strip().removeprefix("$ "))
    for claim, verdict in {"accuracy": "underdetermined", "gain": "holds when rounded"}.items():
        assert re.search(rf"L2\.reported\.{claim}\n. {verdict}", said)
    assert "reported figure" in said
