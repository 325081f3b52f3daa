"""An evaluation as JSON, Markdown and files: the form that others read."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt

from paper_repro.data.labels import PHASES
from paper_repro.evaluation.metrics import evaluate
from paper_repro.evaluation.report import SCHEMA, save, to_json, to_markdown
from paper_repro.evaluation.results import TITLES
from paper_repro.evaluation.wording import HEADINGS, About, cells, notes
from tests.evaluation import said

MODEL = {
    "size": "mini", "base": "a|base", "base_revision": None, "adapter": None,
    "adapter_revision": None, "device": "cpu", "precision": "float32",
}  # fmt: skip
ABOUT = About("a|run", "validation", MODEL, ("A remark.",))


@pytest.fixture(scope="module")
def evaluation():
    rows = said.as_the_paper_draws(60)
    videos = [f"video_{row % 6}" for row in range(60)]
    named = [
        type(row)(**{**vars(row), "video": video}) for row, video in zip(rows, videos, strict=True)
    ]
    answers = [(name, "nasal") for name in PHASES]
    return evaluate([*named, *said.phases(answers), said.one("yes", "no", 90)])


def test_each_metric_is_there_by_its_name(evaluation):
    found = to_json(evaluation, ABOUT)
    for name, metric in evaluation.metrics.items():
        shown = found[name]
        assert {key: shown[key] for key in ("value", "low", "high", "n")} == {
            "value": metric.value,
            "low": metric.interval.low,
            "high": metric.interval.high,
            "n": metric.n,
        }
        assert shown["units"] in ("rows", "points", "paired points")
        assert shown["by_row"]["method"] and shown["by_row"]["groups"] > 0
    assert set(found["absent"]) == set(TITLES) - set(evaluation.metrics)
    assert found["quadrant_accuracy"]["by_video"]["groups"] == 6
    assert found["quadrant_accuracy"]["chance"][0] == {
        "value": 0.25, "what": "a guess among four quadrants",
    }  # fmt: skip


def test_what_the_figures_are_of_stands_beside_them(evaluation):
    found = to_json(evaluation, ABOUT)
    assert found["schema"] == SCHEMA
    about = found["about"]
    assert (about["of"], about["split"], about["rows"]) == ("a|run", "validation", 65)
    assert (about["videos"], about["rows_without_video"], about["frames"]) == (6, 5, "")
    assert about["model"] == MODEL and about["confidence"] == 0.95
    assert found["points"]["points"] == 60 and found["points"]["missed"] == 0
    assert found["noise_floor"]["applies"] and found["noise_floor"]["mean_error"] == 5.0
    assert sum(region["share"] for region in found["noise_floor"]["regions"]) == pytest.approx(1)
    assert found["phases"]["confusion"][0] == [1, 0, 0, 0, 0]
    assert found["phases"]["labels"][-1] == "not read" and found["steps"] is None
    assert found["notes"] == notes(evaluation, ABOUT) and "A remark." in found["notes"]


def test_json_is_json_for_anyone(evaluation):
    text = json.dumps(to_json(evaluation, ABOUT), allow_nan=False)
    assert json.loads(text) == to_json(evaluation, ABOUT)


def test_markdown_holds_the_table_and_the_notes(evaluation):
    text = to_markdown(evaluation, ABOUT, ["error_map"])
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == 2 and html.count("<h1>") == 1
    for row in (HEADINGS, *cells(evaluation)):
        for cell in row:
            assert cell.replace("≤", "≤") in html
    assert html.count("<li>") == len(notes(evaluation, ABOUT))
    assert "| nasal | 0.250 | 1.000 | 0.400 | 1 |" in text
    assert "(error_map.svg)" in text and "confusion_steps" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_bar_in_a_name_does_not_break_the_table(evaluation):
    row = next(line for line in to_markdown(evaluation, ABOUT, []).splitlines() if "in x" in line)
    assert row.startswith("| mean \\|error\\| in x |")
    assert row.replace("\\|", "").count("|") == len(HEADINGS) + 1


def test_figures_of_drawn_frames_say_so_in_words_too():
    drawn = evaluate(said.pointing([((20.0, 20.0), (25.0, 20.0))]), drawn=True)
    assert "(drawn frames)](error_map.svg)" in to_markdown(drawn, ABOUT, ["error_map"])


def test_a_folder_holds_the_report_the_data_and_the_figures(evaluation, tmp_path):
    folder = tmp_path / "new" / "folder"
    files = save(evaluation, ABOUT, folder)
    assert files[0].name == "report.md" and all(file.is_file() for file in files)
    assert {file.name for file in files} == {path.name for path in folder.iterdir()}
    assert json.loads((folder / "evaluation.json").read_text())["schema"] == SCHEMA
    report = (folder / "report.md").read_text()
    for name in ("confusion_phases", "error_map", "error_distribution"):
        assert f"({name}.svg)" in report and (folder / f"{name}.svg").is_file()


def test_figures_of_an_earlier_evaluation_go(evaluation, tmp_path):
    save(evaluation, ABOUT, tmp_path)
    (tmp_path / "mine.txt").write_text("stays")
    files = save(evaluate(said.phases([("nasal", "nasal")])), ABOUT, tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {file.name for file in files} | {"mine.txt"}
    assert "error_map.png" not in left


def test_the_same_answers_give_the_same_files(evaluation, tmp_path):
    first, again = (
        [path.read_bytes() for path in save(evaluation, ABOUT, tmp_path / name)] for name in "ab"
    )
    assert first == again
