"""The examples that ``--help`` shows are commands that work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from paper_repro.cli import app
from paper_repro.site.commands import commands_page

PLACEHOLDERS = re.compile(r"\./my-\S+")


def examples() -> list[str]:
    group = typer.main.get_group(app)
    epilogs = [command.epilog or "" for command in group.commands.values()]
    return [line.strip() for text in epilogs for line in text.splitlines() if line[:1] == " "]


def test_every_command_shows_examples_and_the_site_has_them() -> None:
    page = commands_page(app)
    for name in typer.main.get_group(app).commands:
        mine = [line for line in examples() if line.startswith(f"python -m paper_repro {name}")]
        assert mine
        assert all(line in page for line in mine)
        assert mine[0] in CliRunner().invoke(app, [name, "--help"], terminal_width=200).stdout


def test_help_names_what_an_option_takes_and_not_its_type() -> None:
    for name in typer.main.get_group(app).commands:
        shown = CliRunner().invoke(app, [name, "--help"], terminal_width=200).stdout
        assert not re.findall(r"^  -.*<(?:str|int|float|path|file|list)\b.*", shown, re.MULTILINE)


@pytest.mark.parametrize(
    "line", [line for line in examples() if not PLACEHOLDERS.search(line)], ids=str
)
def test_examples_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that would take the long stages are run on the short one, those that train only show
    what they would do, those that time do it for a second; reports are not written."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line.partition(" > ")[0].removeprefix("python -m paper_repro "))
    if words[0] == "verify" and "--stage" not in words:
        words += ["--stage", "arithmetic"]
    if words[0] == "train":
        words += ["--show-settings"]
    if words[0] == "bench":
        words += ["--seconds", "1"]
    if "--output" in words:
        at = words.index("--output")
        del words[at : at + 2]
    assert CliRunner().invoke(app, words).exit_code == 0
