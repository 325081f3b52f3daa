"""``train`` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.cli.train import train as command
from paper_repro.errors import UserError
from paper_repro.training.context import Options
from paper_repro.training.record import Record, read_record
from paper_repro.training.settings import Settings
from paper_repro.training.workers import Workers
from tests.training import children
from tests.training.runs import differences, raw_record

ROOT = Path(__file__).parents[2]


def run(*words, code=0):
    result = CliRunner().invoke(app, ["train", *map(str, words)])
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def refused(*words):
    with pytest.raises(UserError) as error:
        run(*words)
    assert error.value.expected and error.value.got
    assert "python -m paper_repro" in error.value.next_command or "same command" in str(error.value)
    return error.value


def test_a_run_its_record_and_what_is_printed(small, tmp_path):
    out = tmp_path / "run"
    said = run(*small.words()[1:-2], "--out", out)
    record = read_record(out)
    counts = record.counts
    assert f"{counts['trainable']:,} of {counts['total']:,}" in said
    assert f"loss {record.losses[0]:.4f} → {record.losses[-1]:.4f} nats a token" in said
    assert f"base 0 of {record.base_tensors} tensors changed, by SHA-256" in said
    assert f"Level 1 0 of {record.earlier_tensors} tensors changed, by SHA-256" in said
    assert "steps 6" in said and "training 6 of 6, loss" in said
    ends = [f"Finished. Everything is in {out}.", f"Next: python -m paper_repro evaluate {out}"]
    assert all("".join(end.split()) in "".join(said.split()) for end in ends)
    assert record.status == "finished" and record.command.startswith("python -m paper_repro")


def test_options_are_what_was_asked_for(small, tmp_path):
    """Every option of the command that is a setting, with a value that is no default."""
    asked = {
        "--base": str(small.base), "--data": str(small.data), "--labels": "sequence",
        "--batch": "3", "--accumulation": "1", "--epochs": "7", "--max-steps": "1",
        "--optimizer": "adamw_8bit", "--learning-rate": "0.002", "--warmup": "0.25",
        "--weight-decay": "0.02", "--max-grad-norm": "0.5", "--max-length": "199",
        "--seed": "5", "--precision": "bf16",
    }  # fmt: skip
    words = [word for pair in asked.items() for word in pair]
    run(
        "2", "--variant", "seven-modules", *words, "--checkpointing", "--no-features",
        "--device", "cpu", "--out", tmp_path,
    )  # fmt: skip
    settings = read_record(tmp_path).settings
    for option, value in asked.items():
        name = option.removeprefix("--").replace("-", "_")
        assert str(settings[name]) == value, option
    assert (settings["checkpointing"], settings["features"]) == (True, False)
    assert (settings["variant"], settings["size"], settings["level"]) == (
        "seven-modules",
        "mini",
        2,
    )


def test_every_setting_and_every_way_of_making_a_run_is_an_option():
    wrapped = typer.Typer(add_completion=False)
    wrapped.command()(command)
    options = {parameter.name for parameter in typer.main.get_command(wrapped).params}
    settings = {field.name for field in fields(Settings)}
    by_revision = {name for name in settings if name.endswith("_revision")}
    assert settings - by_revision <= options
    assert {name.removesuffix("_revision") for name in by_revision} <= options
    ways = {field.name for field in fields(Options)} - {"command"}
    assert ways <= options
    assert options - settings - ways == {"out", "resume", "show_settings"}


def test_a_revision_is_named_with_the_name(monkeypatch, tmp_path):
    """On the hub another name never has the default's revision."""
    seen = {}

    def train(settings, folder, options, watcher):
        seen.update(settings=settings, folder=folder, options=options)
        raise UserError("seen", expected="-", got="-", next_command="python -m paper_repro")

    monkeypatch.setattr("paper_repro.training.run.train", train)
    monkeypatch.chdir(tmp_path)
    words = ("2", "--size", "full", "--device", "cpu")
    refused(*words, "--base", "some/base@v2", "--level1", "some/level1", "--data", "some/rows@v3")
    settings = seen["settings"]
    assert (settings.base, settings.base_revision) == ("some/base", "v2")
    assert (settings.level1, settings.level1_revision) == ("some/level1", None)
    assert (settings.data, settings.data_revision) == ("some/rows", "v3")
    assert seen["folder"] == Path("runs/full-2-stated")
    refused(*words)
    assert seen["settings"].base_revision is not None


@pytest.mark.parametrize(
    ("words", "loaders"),
    [
        (["0"], os.cpu_count()),
        (["1"], 0),
        (["2"], 0),
        (["0", "--loaders", "0"], 0),
        (["2", "--loaders", "3"], 3),
    ],
)
def test_level_0_prepares_rows_in_a_process_for_each_core(monkeypatch, words, loaders, tmp_path):
    seen = []

    def train(settings, folder, options, watcher):
        seen.append((settings, options))
        raise UserError("seen", expected="-", got="-", next_command="python -m paper_repro")

    monkeypatch.setattr("paper_repro.training.run.train", train)
    refused(*words, "--out", tmp_path, "--device", "cpu")
    settings, options = seen[0]
    assert (options.loaders, options.save_every, options.device) == (loaders, 100, "cpu")
    assert settings.features is (settings.level > 0)


def test_a_resumed_level_0_has_its_loaders_too(monkeypatch, small, tmp_path):
    raw = raw_record(small.base) | {"status": "interrupted"}
    (tmp_path / "record.json").write_text(json.dumps(raw))
    seen = []

    def resume(folder, options, watcher, changed):
        seen.append((folder, options.loaders, changed))
        raise UserError("seen", expected="-", got="-", next_command="python -m paper_repro")

    monkeypatch.setattr("paper_repro.training.run.resume", resume)
    refused("--resume", tmp_path, "--device", "cpu", "--batch", "1", "--accumulation", "2")
    assert seen == [(tmp_path, os.cpu_count(), {"batch": 1, "accumulation": 2})]


@pytest.mark.parametrize(
    ("said", "code", "state"),
    [
        ("SIGTERM after step 3 of 6", 143, " The state is saved."),
        ("Level 1: SIGINT after step 3 of 6", 130, " The state is saved."),
        ("SIGTERM while loading the base", 143, ""),
    ],
)
def test_a_run_that_stopped(monkeypatch, tmp_path, said, code, state):
    record = Record(status="interrupted", said=said)
    monkeypatch.setattr("paper_repro.training.run.train", lambda *_: record)
    printed = run("2", "--out", tmp_path, "--device", "cpu", code=code)
    assert printed.endswith(
        f"Stopped: {said}.{state} Next: python -m paper_repro train --resume {tmp_path}"
    )


def test_what_cannot_be_is_said_before_anything_is_loaded(small, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_repro.training.run.train", lambda *_: pytest.fail("it began"))
    assert "neither" in refused().got
    assert "stated" in refused("2", "--variant", "staged").expected
    assert "others did" in refused("0", "--size", "full").problem
    assert "adamw_torch" in refused("2", "--optimizer", "sgd").expected
    assert "nf4" in refused("1", "--precision", "int3").expected
    assert "sequence" in refused("1", "--labels", "prompt").expected
    assert "--no-features" in refused("0", "--features").expected
    assert "of Level 2" in refused("1", "--variant", "stated").expected
    assert "means nothing" in refused("0", "--data", "rows").problem
    assert "without --out" in refused("--resume", small.level1, "--out", tmp_path).expected
    assert "cannot be read" in refused("--resume", tmp_path).problem


def test_a_folder_with_a_run_is_left_alone(small):
    error = refused("1", "--out", small.level1, "--device", "cpu")
    assert "holds a run already" in error.problem and "finished" in error.got
    assert f"--resume {small.level1}" in error.next_command
    assert "has finished" in refused("--resume", small.level1, "--device", "cpu").problem


@pytest.mark.parametrize("level", ["3", "-1", "two"])
def test_there_are_three_levels(level):
    result = CliRunner().invoke(app, ["train", level])
    assert result.exit_code == 2 and "Traceback" not in result.output


def test_help_has_examples_and_every_exit_status():
    result = CliRunner().invoke(app, ["train", "--help"], terminal_width=200)
    assert result.exit_code == 0
    for line in ("train 2", "train 2 --size full --show-settings", "train --resume ./my-run"):
        assert f"  python -m paper_repro {line}\n" in result.output
    assert "0 finished, 2 could not run, 130 or 143 interrupted" in " ".join(result.output.split())


def test_settings_are_shown_and_nothing_is_trained(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("2", "--size", "full", "--device", "cpu", "--show-settings", "--batch", "4")
    assert "paged_adamw_8bit" in said and "asked for" in said
    assert list(tmp_path.iterdir()) == []
    assert "adamw_torch" in run("--resume", small.level1, "--show-settings")


def test_showing_settings_imports_nothing_heavy():
    code = (
        "import sys; from paper_repro.cli import main; "
        "sys.argv = ['paper_repro', 'train', '2', '--show-settings']\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


TORCHRUN = [
    "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "paper_repro",
]  # fmt: skip


def test_two_processes_train_as_one(small, tmp_path):
    """Dropout is drawn by the pass, not by the process, so losses differ by rounding alone."""
    words = small.words("--save-every", "3")
    alone = children.start(words, tmp_path / "alone")
    (tmp_path / "two").mkdir()
    done = subprocess.run(
        [sys.executable, *TORCHRUN, *words],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path / "two",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert children.ended(alone) == 0
    one, two = (raw_record(tmp_path / name / "run") for name in ("alone", "two"))
    assert two["hardware"]["processes"] == 2
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert two["learning_rates"] == one["learning_rates"]
    assert two["hashes"]["base_after"] == one["hashes"]["base_after"]
    assert done.stdout.count("Finished.") == 1 and done.stderr.count("training 6 of 6") == 1
    left = [path.name for path in (tmp_path / "two" / "run/tensorboard").iterdir()]
    assert len(left) == 1
    assert set(os.listdir(tmp_path / "two" / "run")) == set(os.listdir(tmp_path / "alone/run"))
    assert set(differences(tmp_path / "alone/run", tmp_path / "two/run")) <= {
        "losses", "state", "hashes", "files"
    }  # fmt: skip


def test_processes_that_cannot_share_the_passes_are_told(small, tmp_path, monkeypatch):
    three = Workers(0, 3, "cpu")
    monkeypatch.setattr("paper_repro.training.run.joined", lambda _device: nullcontext(three))
    error = refused(*small.words()[1:-2], "--out", tmp_path / "run")
    assert "3 processes cannot share 2 micro-batches" in error.problem
    assert not (tmp_path / "run" / "record.json").exists()
