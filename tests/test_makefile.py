"""The Makefile's set-up, played with a Python that only writes down what it is asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INPUTS = ("Makefile", "pyproject.toml", "constraints.txt", ".ci/cffconvert.txt")

PLAYED = """#!/bin/sh
# Plays python3. `-m venv DIR` makes a folder with this same player in it; the rest is written down.
echo "$(basename "$0") $*" >> "$PLAYED_LOG"
case "$1 $2" in
"-m venv")
    test -z "$NO_VENV" || exit 1
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-c import pip"*)
    cd "$(dirname "$0")/.." && pwd ;;
"-m pip")
    test -z "$NO_PIP" || exit 1 ;;
esac
test -z "$OLD" || case "$2" in *version_info*) exit 1 ;; esac
"""


class Checkout:
    """A folder with the Makefile and the player."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        for name in INPUTS:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.player = folder / "player"
        self.player.write_text(PLAYED)
        self.player.chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        return subprocess.run(
            ["make", f"PYTHON={self.player}", *arguments],
            cwd=self.folder,
            env=inherited | {"PLAYED_LOG": str(self.log)} | environment,
            capture_output=True,
            text=True,
        )

    @property
    def built(self) -> bool:
        """Whether the last run made an environment."""
        return "player -m venv .venv\n" in self.log.read_text()

    @property
    def installed(self) -> list[str]:
        """What the last run had pip install."""
        calls = self.log.read_text().splitlines()
        return [call.split()[-1] for call in calls if call.startswith("python -m pip install")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_verify_sets_up_once_and_passes_arguments_on(checkout: Checkout) -> None:
    first = checkout.make("verify", "ARGS=--stage arithmetic")
    assert first.returncode == 0, first.stderr
    assert checkout.built and checkout.installed == ["."]
    assert "python -m paper_repro verify --stage arithmetic" in checkout.log.read_text()
    assert "-c constraints.txt" in checkout.log.read_text()

    assert checkout.make("verify").returncode == 0
    assert not checkout.built and checkout.installed == []


def test_test_sets_up_everything_then_lints_then_tests(checkout: Checkout) -> None:
    assert checkout.make("test", "ARGS=-k lora").returncode == 0
    assert checkout.installed == [".[test,docs]", ".ci/cffconvert.txt"]
    calls = checkout.log.read_text()
    order = ["ruff check", "ruff format --check", "-m mypy", "-m pytest"]
    assert [calls.index(call) for call in order] == sorted(calls.index(call) for call in order)
    assert calls.rstrip().endswith("-k lora")
    assert checkout.make("verify").returncode == 0
    assert checkout.installed == []


def test_an_interrupted_installation_is_made_anew(checkout: Checkout) -> None:
    assert checkout.make("verify", NO_PIP="1").returncode != 0
    assert checkout.make("verify").returncode == 0
    assert checkout.built and checkout.installed == ["."]


def test_a_broken_environment_is_made_anew(checkout: Checkout) -> None:
    checkout.make("verify")
    (checkout.folder / ".venv" / "bin" / "python").unlink()
    assert checkout.make("verify").returncode == 0
    assert checkout.built and checkout.installed == ["."]


def test_a_moved_checkout_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.make("verify")
    python = checkout.folder / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\necho /where/it/was/.venv\n")
    assert checkout.make("verify").returncode == 0
    assert checkout.built


@pytest.mark.parametrize("name", INPUTS[1:])
def test_changed_inputs_are_installed_into_what_is_there(checkout: Checkout, name: str) -> None:
    checkout.make("verify")
    with (checkout.folder / name).open("a") as file:
        file.write("# changed\n")
    assert checkout.make("verify").returncode == 0
    assert not checkout.built and checkout.installed == ["."]


def test_python_without_venv_gets_a_sentence(checkout: Checkout) -> None:
    done = checkout.make("verify", NO_VENV="1")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stdout
    assert not (checkout.folder / ".venv").exists()


def test_an_old_python_gets_a_sentence(checkout: Checkout) -> None:
    done = checkout.make("verify", OLD="1")
    assert done.returncode != 0
    assert "needs Python 3.11" in done.stdout
    assert not checkout.built


def test_a_missing_browser_is_said_loudly(checkout: Checkout) -> None:
    done = checkout.make("test", "CHROMIUM=")
    assert done.stdout.count("!!! NOT CHECKED: the site in a browser") == 2
    assert "NOT CHECKED" not in checkout.make("test", "CHROMIUM=/bin/true").stdout


def test_help_is_the_default_and_names_every_target(checkout: Checkout) -> None:
    text = (checkout.folder / "Makefile").read_text()
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:"))
    shown = checkout.make().stdout
    for target in set(phony.split()[1:]) - {"broken"}:
        assert f"\n{target} " in f"\n{shown}"
