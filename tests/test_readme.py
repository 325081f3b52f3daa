"""Every command in the README is run, or marked with the reason why not.

``tests/documents.py`` says how blocks are read. ``python -m tests.test_readme`` writes what the
commands print now into the blocks that have no line ``…``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from paper_repro.judging import Verdict
from paper_repro.study import load_study
from paper_repro.verify.finding import DEFAULT_STAGES
from tests.documents import ELLIPSIS, README, ROOT, Command, blocks, commands, pattern, trimmed

STATUS = {"check": 1, "doctor": 1}
RUN = [command for command in commands(README) if command.reason is None]
NOT_RUN = [command for command in commands(README) if command.reason is not None]


def prints(line: str, folder: Path) -> str:
    """Run a command of the README in a folder that holds what it names."""
    words = line.replace("python ", f"{sys.executable} ", 1)
    done = subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    command = line.split()[3] if line.startswith("python -m paper_repro ") else ""
    assert done.returncode == STATUS.get(command, 0), done.stdout + done.stderr
    return trimmed(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: with the adapter that the notebook's cells save, in small, and with
    the shipped run where the README trains it."""
    made = tmp_path_factory.mktemp("readme")
    prepare(made)
    return made


PAPER = (
    "We retrained Qwen-VL2 for pituitary surgery with LoRA (r=16 on q, k, v and o), updating 18M "
    "parameters (0.9 % of the model).\n"
)


def prepare(folder: Path) -> None:
    from paper_repro.miniature import shipped
    from tests.adapters import save_base, save_second_wrap

    shutil.copytree(shipped("spatial"), folder / "runs" / "spatial")
    save_second_wrap(folder, save_base(folder / "small-base"))
    (folder / "paper.md").write_text(PAPER, encoding="utf-8")
    (folder / "examples").symlink_to(ROOT / "examples")


@pytest.mark.parametrize("command", RUN, ids=lambda command: command.line)
def test_prints_what_the_readme_shows(command: Command, folder: Path) -> None:
    printed = prints(command.line, folder)
    assert re.fullmatch(pattern(command.output), printed), f"now it prints:\n{printed}"


def test_every_other_command_says_why_it_is_not_run() -> None:
    reasons = Counter(str(command.reason) for command in NOT_RUN)
    print(f"\nNOT CHECKED here, of the README's {len(RUN) + len(NOT_RUN)} commands:")
    for reason, number in reasons.items():
        print(f"  {number}: {reason}")
    assert len(RUN) >= 5
    assert len(NOT_RUN) <= 9
    kinds = {block.kind for block in blocks(README)}
    assert kinds <= {"console", "text", "python", "bibtex"}


def test_make_verify_shows_the_reviewed_verdicts() -> None:
    """``make verify`` takes a minute; its last lines follow from the study, as exit 0 says."""
    study = load_study()
    expected = Counter(
        claim.reviewed if set(claim.decided_by) & set(DEFAULT_STAGES) else Verdict.NOT_CHECKED
        for claim in study.claims
    )
    shown = next(command.output for command in NOT_RUN if command.line == "make verify")
    found = {
        Verdict(word): int(number)
        for word, number in re.findall(r"^\S ([a-z ]+?) +(\d+) ", shown, flags=re.MULTILINE)
    }
    assert found == dict(expected)
    contradicted = expected[Verdict.CONTRADICTED]
    assert f"{contradicted} of {len(study.claims)} contradicted; exit 0" in shown


def write(folder: Path) -> None:
    """Renew the blocks."""
    prepare(folder)
    text = README.read_text(encoding="utf-8")
    for command in RUN:
        if ELLIPSIS not in command.output.splitlines():
            before = f"$ {command.line}\n{command.output}"
            text = text.replace(before, f"$ {command.line}\n{prints(command.line, folder)}")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        write(Path(temporary))
