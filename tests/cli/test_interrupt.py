"""The status of an interrupt, wherever it strikes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STRIKES = {
    "while it imports": ("typer.py", "{}"),
    "in a command": (
        "sitecustomize.py",
        "import json\ndef strike(*_, **__): {}\njson.dumps = strike",
    ),
}
WAYS = {"plainly": "raise KeyboardInterrupt", "inside an exec": "exec('raise KeyboardInterrupt')"}


@pytest.mark.parametrize("where", STRIKES)
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_is_a_status_of_its_own(where: str, way: str, tmp_path: Path) -> None:
    name, text = STRIKES[where]
    (tmp_path / name).write_text(text.format(WAYS[way]), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-m", "paper_repro", "schema", "study"],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 130 and "Traceback" not in ended.stderr
