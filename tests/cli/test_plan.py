"""``train --show-settings``: every option, the script's value, the document's words, the reason."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.cli.plan import plan, show_plan
from paper_repro.cli.train import train
from paper_repro.study import load_study
from paper_repro.training.recipes import defaults, deviations, words

STUDY = load_study()
RUNS = [(1, "stated"), (2, "stated"), (2, "seven-modules"), (2, "notebook")]


def settings(level=2, variant="stated", size="full", **changes):
    return replace(defaults(STUDY, level, size, variant, on_card=True), **changes)


def lines(here):
    return {line.option: line for line in plan(STUDY, here)}


@pytest.mark.parametrize(("level", "variant"), RUNS)
@pytest.mark.parametrize("size", ["mini", "full"])
def test_every_option_and_every_deviation_has_its_line(level, variant, size):
    here = settings(level, variant, size, learning_rate=0.3)
    found = lines(here)
    options = {f"--{name.replace('_', '-')}" for name in inspect.signature(train).parameters}
    shown = {option for option in found if option.startswith("--")}
    ways = {"out", "resume", "size", "variant", "level", "device", "loaders", "push"}
    ways |= {"save-every", "show-settings"}
    alone = {"level1"} if level == 1 or variant == "seven-modules" else set()
    assert shown == options - {f"--{name}" for name in ways | alone}
    said = {each["name"]: each["reason"] for each in deviations(STUDY, here)}
    spelled = {name: f"--{name.replace('_', '-')}" for name in said}
    assert {name: found.get(spelled[name], found.get(name)).reason for name in said} == said
    assert sum(bool(line.reason) for line in found.values()) == len(said)


@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_all_of_the_documents_words_are_quoted(level, variant):
    here = settings(level, variant)
    quoted = {line.quoted for line in lines(here).values() if line.quoted}
    assert quoted == set(words(STUDY, here.level, here.variant).values()) and quoted


def test_values_stand_beside_one_another():
    found = lines(settings(batch=4, base="org/other", base_revision="abc"))
    assert (found["--batch"].here, found["--batch"].script) == ("4", "1")
    assert found["--base"].here == "org/other@abc" and found["--batch"].reason == "asked for"
    assert (found["--learning-rate"].here, found["--learning-rate"].script) == ("2e-05", "2e-05")
    assert (found["--features"].here, found["--features"].script) == ("yes", "no")
    assert (found["r"].here, found["target_modules"].here) == (
        "16", "q_proj, v_proj, k_proj, o_proj",
    )  # fmt: skip
    assert lines(settings())["--base"].script == "same, not pinned"
    assert lines(settings(size="mini"))["--data"].here == "drawn by the package"


def test_level_0_has_no_paper():
    found = lines(settings(0, size="mini"))
    assert not any(line.script or line.reason for line in found.values())
    assert not {"--data", "--level1"} & found.keys()
    assert found["--base"].here == "none, from nothing" and found["--seed"].here == "42"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(("level", "variant"), RUNS)
def test_no_line_is_wider_than_the_terminal(level, variant, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    for size in ("mini", "full"):
        show_plan(settings(level, variant, size))
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    text = " ".join(said.split())
    assert "are not as the author's script has them." in text
    assert text.count("the miniature is another model on other rows") == 1


def test_the_command_at_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command = ["train", "2", "--size", "full", "--device", "cpu", "--show-settings"]
    said = CliRunner().invoke(app, command).output
    for line in (
        "Level 2, stated, full size",
        "--base            Qwen/Qwen2-VL-2B-Instruct@895c3a49bc3f  same, not pinned",
        "    “✅ **Freeze** all 2B parameters (never update them)”",
        "--precision       fp32                                    nf4",
        "    asked for, or what this machine computes in",
        "--accumulation    1                                       16",
    ):
        assert line in [one.rstrip() for one in said.splitlines()]
    assert "8 of 26 are not as the author's script has them." in said
