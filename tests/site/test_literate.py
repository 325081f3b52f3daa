"""Percent scripts: run, rendered, kept, and stopped by a failing assertion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from paper_repro.site.literate import render

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted((ROOT / "docs" / "literate").glob("*.py"))
SMALL = """# %% [markdown]
# # A title

# %%
print("first")
print(sum([40, 2]))
assert 40 + 2 == 42

# %% tags=["hide-input"]
from paper_repro.site.figures import Sentence

Sentence("said in prose")

# %% tags=["remove-cell"]
print("for plain Python")
"""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_runs_as_plain_python(script: Path) -> None:
    done = subprocess.run([sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "18M is the size of one LoRA adapter" in done.stdout


@pytest.fixture(autouse=True)
def _everything_finds_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_renders_and_keeps(tmp_path: Path) -> None:
    script = tmp_path / "small.py"
    script.write_text(SMALL)
    page = render(script, tmp_path, tmp_path / "cache")
    assert page.startswith("<!-- rendered from small.py; do not edit -->")
    assert "# A title" in page
    assert "    first\n    42\n" in page
    assert "**said in prose**" in page
    assert "Sentence" not in page and "plain Python" not in page

    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("kept")
    assert render(script, tmp_path, tmp_path / "cache") == "kept"
    script.write_text(SMALL.replace("first", "second"))
    assert "    second\n    42\n" in render(script, tmp_path, tmp_path / "cache")


def test_a_failing_assertion_stops_it(tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text(SMALL.replace("== 42", "== 43"))
    with pytest.raises(Exception, match="AssertionError"):
        render(script, tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
