"""``evaluate`` as a user types it: a run's answers, a file's, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial

import pytest
from PIL import Image
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.errors import UserError
from paper_repro.evaluation import figures, report
from paper_repro.evaluation import generate as generating
from paper_repro.evaluation.asking import PARTIAL, PREDICTIONS
from paper_repro.evaluation.results import TITLES
from paper_repro.study import load_study
from paper_repro.training.record import read_record, write_record
from tests.evaluation import said, talker

METRICS = ("parse_rate", "quadrant_accuracy", "within_10", "within_15", "mae_x", "mae_y",
           "phase_accuracy", "phase_macro_f1")  # fmt: skip
WITHOUT = ("torch", "transformers", "peft", "datasets", "bitsandbytes")


@pytest.fixture(autouse=True)
def _without_figures(monkeypatch):
    """They take most of the time; one test has them."""
    monkeypatch.setattr(report, "draw", lambda evaluation: {})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    base = talker.save_base(tmp_path_factory.mktemp("base"))
    rows = talker.save_rows(folder / "rows", 9)
    return talker.save_run(folder / "run", base, data=str(rows))


@pytest.fixture
def file(tmp_path):
    rows = said.as_the_paper_draws(60)
    return said.write(tmp_path / "answers.jsonl", said.lines(rows))


def evaluate(*words, width=200, exit_code=0):
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(app, ["evaluate", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == exit_code
    return done.stdout


def refused(*words):
    with pytest.raises(UserError) as error:
        evaluate(*words)
    assert error.value.expected and error.value.got and error.value.next_command
    return error.value


def process(*words, **environment):
    command = [sys.executable, "-m", "paper_repro", "evaluate", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, timeout=120
    )


def test_a_run_is_asked_about_its_own_rows(run, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "draw", figures.draw)
    said = evaluate(run, "--device", "cpu", "--out", tmp_path)
    assert f"{run}, validation: 8 rows" in said and "drawn" not in said
    assert re.search(r"quadrant accuracy +100.0 % +[\d.]+ – 100.0 % +7", said)
    assert "Left out, because they cannot be read: 1 row of validation (no image: 1)." in said
    assert f"Asked: {run}/adapter on " in said and "in float32 on cpu" in said
    assert "bootstrap over 3 videos, which is few" in said
    written = {path.name for path in tmp_path.iterdir()}
    assert {PREDICTIONS, "report.md", "evaluation.json", "error_map.png"} < written
    with Image.open(tmp_path / "error_map.png") as picture:
        picture.load()
    assert all(name in said for name in written if not name.endswith((".svg", ".jsonl")))


def test_json_gives_each_metric_with_its_interval_and_n(run, tmp_path):
    found = json.loads(evaluate(run, "--device", "cpu", "--json", "--out", tmp_path))
    for name in METRICS:
        metric = found[name]
        assert metric["low"] <= metric["value"] <= metric["high"] and metric["n"] > 0, name
    assert {key: found["quadrant_accuracy"][key] for key in ("value", "high", "n")} == {
        "value": 1.0, "high": 1.0, "n": 7,
    }  # fmt: skip
    assert set(TITLES) == (set(found) & set(TITLES)) | set(found["absent"])
    assert json.loads((tmp_path / "evaluation.json").read_text()) == found


def test_where_it_is_written_and_what_is_a_trial(run):
    said = evaluate(run, "--device", "cpu", "--limit", "3", "--batch-size", "2")
    assert "A trial: the first 3 rows only." in said
    assert (run / "evaluation" / "validation" / "report.md").is_file()
    said = evaluate(run, "--device", "cpu", "--split", "train")
    assert "These rows were trained on." in said
    assert (run / "evaluation" / "train" / "report.md").is_file()


def test_the_bare_base_is_asked_for_what_it_answered_before(run):
    said = evaluate(run, "--device", "cpu", "--bare", "--limit", "2")
    assert f"{run}, its base alone, validation: 2 rows" in said and "the bare base" in said
    assert (run / "evaluation" / "validation-bare" / "evaluation.json").is_file()


def test_what_a_record_says_of_leaks_is_said_with_the_scores(run, tmp_path):
    record = read_record(run)
    leaks = {"frames": 2, "rows_with_shared_frames": {"validation": 4}}
    record.data = {"leaks": leaks, "fingerprint": "another"}
    write_record(record, tmp_path)
    (tmp_path / "adapter").symlink_to(run / "adapter")
    said = evaluate(tmp_path, "--device", "cpu", "--limit", "2")
    assert "Leak: 2 frames stand in more than one split (4 with a shared frame" in said
    assert "not the rows that the run's record describes" in said
    assert "Leak" not in evaluate(tmp_path, "--device", "cpu", "--limit", "2", "--bare")


def test_a_file_needs_no_model_and_no_library_that_trains(file):
    script = (
        "import sys\n"
        f"sys.argv[1:] = ['evaluate', '--predictions', {str(file)!r}, '--json']\n"
        "from paper_repro.cli import main\n"
        "try: main()\n"
        f"finally: sys.stderr.write(' '.join(sys.modules.keys() & set({WITHOUT!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(done.stdout)["quadrant_accuracy"]["n"] == 60
    assert (file.parent / "answers-evaluation" / "report.md").is_file()


def test_a_runs_own_answers_score_the_same_from_the_file(run, tmp_path):
    first = json.loads(evaluate(run, "--device", "cpu", "--json", "--out", tmp_path))
    kept = tmp_path / PREDICTIONS
    alone = json.loads(evaluate("--predictions", kept, "--json"))
    beside = json.loads(evaluate(run, "--predictions", kept, "--json"))
    for name in METRICS:
        assert first[name] == alone[name] == beside[name]
    assert any("not scored: 1." in note for note in alone["notes"])


def test_answers_beside_a_run_need_no_truth_and_must_be_complete(run, tmp_path):
    rows = [0, 2, 3, 4, 5, 6, 7, 8]
    lines = [{"row": row, "prediction": talker.LESSONS[row % 4][1]} for row in rows]
    found = evaluate(run, "--predictions", said.write(tmp_path / "a.jsonl", lines))
    assert re.search(r"quadrant accuracy +100.0 %", found) and "Asked" not in found
    error = refused(run, "--predictions", said.write(tmp_path / "b.jsonl", lines[1:]))
    assert error.got == "none for 1 of 8 rows: 0"
    lines[3] = {"row": 1, "prediction": "a row without a picture"}
    error = refused(run, "--predictions", said.write(tmp_path / "c.jsonl", lines))
    assert "line 4: there is no row 1 to answer in validation" in error.got
    assert "no split 'test'" in refused(run, "--predictions", file, "--split", "test").problem


def test_lines_of_several_splits(tmp_path):
    rows = [vars(one) | {"split": split} for split in ("train", "test", "test")
            for one in said.pointing([((1.0, 1.0), (2.0, 2.0))])]  # fmt: skip
    for number, row in enumerate(rows):
        row["row"] = number
    path = said.write(tmp_path / "answers.jsonl", rows)
    assert "of several splits, scored together: test, train." in evaluate("--predictions", path)
    found = evaluate("--predictions", path, "--split", "test")
    assert "answers.jsonl, test: 2 rows" in found and "Scored: 2 lines of 3" in found
    assert "Scored: 1 line of 3" in evaluate("--predictions", path, "--limit", "1")
    assert refused("--predictions", path, "--split", "none").got == "splits: test, train"


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminals_width_is_kept(file, width):
    text = evaluate("--predictions", file, width=width)
    assert max(map(len, text.splitlines())) <= width
    table = [line for line in text.splitlines() if " – " in line]
    assert len(table) == 9 and all("%" in line or re.search(r"\d\.\d", line) for line in table)


def test_the_seed_moves_the_bootstrap_only(file):
    first, other = (
        json.loads(evaluate("--predictions", file, "--json", "--seed", seed)) for seed in (0, 1)
    )
    assert first["mae_x"]["value"] == other["mae_x"]["value"]
    assert first["mae_x"]["low"] != other["mae_x"]["low"]


def test_what_cannot_work_is_said_before_anything_is_loaded(file, tmp_path):
    assert "nothing to evaluate" in refused().problem
    for words in (["--device", "cpu"], ["--batch-size", "2"], ["--bare"]):
        assert refused("--predictions", file, *words).got == words[0]
    assert refused("--predictions", file, "--out", file).got == "a file"
    assert "record.json" in refused(tmp_path).problem
    assert "record of a run" in refused(tmp_path / "nowhere").problem


def test_a_run_that_has_not_finished_is_refused(run, tmp_path):
    record = read_record(run)
    record.status = "interrupted"
    write_record(record, tmp_path)
    error = refused(tmp_path)
    assert error.next_command == f"python -m paper_repro train --resume {tmp_path}"


def test_an_interrupt_keeps_the_answers_and_says_how_to_score_them(run, tmp_path, monkeypatch):
    def interrupted(*words, **options):
        for number, one in enumerate(generating_as_ever(*words, **options)):
            if number == 4:
                raise KeyboardInterrupt
            yield one

    generating_as_ever = partial(generating.generate)
    monkeypatch.setattr(generating, "generate", interrupted)
    done = CliRunner(env={"COLUMNS": "300"}).invoke(
        app, ["evaluate", str(run), "--device", "cpu", "--out", str(tmp_path)]
    )
    assert done.exit_code == 130
    kept = tmp_path / PARTIAL
    assert f"4 answers are kept and can be scored: python -m paper_repro evaluate --predictions {kept}" in done.stderr  # fmt: skip  # noqa: E501
    assert "4 rows" in evaluate("--predictions", kept)


def test_exit_status_and_streams(file, tmp_path):
    done = process("--predictions", file)
    assert (done.returncode, done.stderr) == (0, "") and "quadrant accuracy" in done.stdout
    done = process("--predictions", tmp_path / "none.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "next:     python -m paper_repro evaluate --help" in done.stderr


def test_the_papers_figures_are_named_where_they_are_judged():
    text = " ".join(evaluate("--help").split())
    claims = {claim.id: claim for claim in load_study().claims}
    assert "80.3 % ± 2.4 and +124 %" in text and "verify --only L2.reported.accuracy" in text
    for name, printed in (("accuracy", "80.3%"), ("interval", "2.4"), ("gain", "124%")):
        claim = claims[f"L2.reported.{name}"]
        assert claim.printed == printed and not claim.quote and name in text
