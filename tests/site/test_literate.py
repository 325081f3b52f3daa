"""Percent scripts: run, rendered, kept, stopped by a failing assertion; and their notebooks."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from packaging.requirements import Requirement
from PIL import Image

from paper_repro.errors import UserError
from paper_repro.site.literate.addresses import Addresses, colab
from paper_repro.site.literate.notebook import as_json, install_cell, notebook
from paper_repro.site.literate.offers import with_offers
from paper_repro.site.literate.render import execute, render, render_all
from paper_repro.site.shown import Measured, Pictures, Plot

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted((ROOT / "docs" / "literate").glob("*.py"))
ADDRESS = "https://github.com/somebody/paper_repro"
SMALL = """# %% [markdown]
# # A title

# %%
print("first")
print(sum([40, 2]))
assert 40 + 2 == 42

# %% tags=["hide-input"]
from paper_repro.site.shown import Sentence

Sentence("said in prose")

# %% tags=["remove-cell"]
print("for plain Python")
"""


LONG = ("level-1", "level-2", "option-a", "what-the-notebook-trains")
"""They train; the build runs their cells in any case."""


def _plain() -> list[Any]:
    slow = pytest.mark.slow
    return [pytest.param(s, marks=slow) if s.stem in LONG else s for s in SCRIPTS]


@pytest.fixture(autouse=True)
def _everything_finds_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize("script", _plain(), ids=lambda script: script.stem)
def test_runs_as_plain_python(script: Path, tmp_path: Path) -> None:
    """From any folder, leaving nothing there, and ending with its sentence."""
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    last = done.stdout.strip().splitlines()[-1]
    assert last.endswith(".") and len(last.split()) > 8, last


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_derives_before_the_readers_eyes(script: Path) -> None:
    """It has assertions, none of them of a constant."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    asserted = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert len(asserted) >= 3
    assert not any(isinstance(node.test, ast.Constant) for node in asserted)


def small(folder: Path, text: str = SMALL) -> Path:
    script = folder / "small.py"
    script.write_text(text)
    return script


def test_renders_and_keeps(tmp_path: Path) -> None:
    script, cache = small(tmp_path), tmp_path / "cache"
    done = render(script, tmp_path, cache)
    assert done.seconds is not None and done.script == script
    page = done.page
    assert page.startswith("<!-- rendered from small.py; do not edit -->")
    assert "# A title" in page
    assert "    first\n    42\n" in page
    assert "**said in prose**" in page
    assert "Sentence" not in page and "plain Python" not in page

    (kept,) = cache.iterdir()
    kept.write_text("kept")
    assert render(script, tmp_path, cache) == (script, "kept", None)
    small(tmp_path, SMALL.replace("first", "second"))
    assert "    second\n    42\n" in render(script, tmp_path, cache).page
    assert len(list(cache.iterdir())) == 1


def test_several_come_in_order(tmp_path: Path) -> None:
    scripts = []
    for name in "ab":
        scripts.append(tmp_path / f"{name}.py")
        scripts[-1].write_text(SMALL.replace("first", name))
    done = list(render_all(scripts, tmp_path, tmp_path / "cache"))
    assert [each.script for each in done] == scripts
    assert "    a\n    42\n" in done[0].page and "    b\n    42\n" in done[1].page


def test_a_failing_assertion_stops_it(tmp_path: Path) -> None:
    script = small(tmp_path, SMALL.replace("== 42", "== 43"))
    with pytest.raises(UserError, match=r"small.py does not run") as error:
        list(render_all([script, script], tmp_path, tmp_path / "cache"))
    assert "AssertionError" in error.value.got
    assert not (tmp_path / "cache").exists()


def test_a_kernel_that_dies_or_hangs_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = small(tmp_path, SMALL + "\n# %%\nimport os\n\nos._exit(1)\n")
    with pytest.raises(UserError, match=r"small.py does not run"):
        render(script, tmp_path, tmp_path / "cache")
    monkeypatch.setattr("paper_repro.site.literate.render.SECONDS", 1)
    script = small(tmp_path, SMALL + "\n# %%\nimport time\n\ntime.sleep(60)\n")
    with pytest.raises(UserError, match=r"small.py does not run"):
        render(script, tmp_path, tmp_path / "cache")


def test_a_picture_without_words_stops_it(tmp_path: Path) -> None:
    script = small(tmp_path, SMALL + '\n# %%\nfrom PIL import Image\n\nImage.new("L", (8, 8))\n')
    with pytest.raises(UserError, match="says nothing to those who do not see it"):
        render(script, tmp_path, tmp_path / "cache")


def test_what_is_shown_has_words() -> None:
    pictures = Pictures([Image.new("RGB", (8, 6), "red")], ['a "red" square'])._repr_html_()
    assert 'alt="a &quot;red&quot; square"' in pictures and "data:image/webp;base64," in pictures
    assert 'width="8" height="6"' in pictures
    with pytest.raises(ValueError, match="zip"):
        Pictures([Image.new("L", (8, 6))], [])._repr_html_()
    plot = Plot(lambda path: path.write_text("<?xml?><svg>…</svg>") and None, "a line")
    assert '<figure class="figure drawn" role="img" aria-label="a line"><svg>' in plot._repr_html_()
    said = Measured("one H100", "2026-11-24", {"torch": "2.13"}, "make it")._repr_markdown_()
    assert said.startswith("!!! info") and "one H100, 2026-11-24, with torch 2.13" in said


@pytest.mark.parametrize("address", [ADDRESS, None])
def test_a_notebook_is_the_script_behind_a_cell_that_installs(tmp_path: Path, address: str) -> None:
    known = Addresses(address)
    made = nbformat.reads(as_json(small(tmp_path), known), as_version=4)
    nbformat.validate(made)
    first, *rest = made.cells
    assert first.source == install_cell(address)
    assert [cell.source for cell in rest] == [
        cell.source for cell in jupytext.reads(SMALL, fmt="py:percent").cells
    ]
    assert not any(cell.get("outputs") for cell in made.cells)
    assert as_json(small(tmp_path), known) == as_json(small(tmp_path), known)


def test_what_a_notebook_installs_leaves_torch_alone() -> None:
    (line,) = (line for line in install_cell(ADDRESS).splitlines() if "%pip" in line)
    asked = Requirement(line.partition("--quiet ")[2].strip('"'))
    assert asked.name == "paper-repro" and asked.url == f"git+{ADDRESS}"
    assert not asked.specifier


def test_without_an_address_a_notebook_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = install_cell(None)
    assert "%pip" not in cell
    exec(cell)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install \."):
        exec(cell)


@pytest.mark.parametrize("address", [ADDRESS, None])
def test_a_notebook_runs_where_the_package_is(tmp_path: Path, address: str | None) -> None:
    made = notebook(small(tmp_path), address)
    execute(made, "small.ipynb", tmp_path)
    assert "".join(output.text for output in made.cells[2].outputs) == "first\n42\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_notebook_is_one(script: Path) -> None:
    made = json.loads(as_json(script, Addresses(ADDRESS)))
    assert made["cells"][1]["cell_type"] == "markdown"
    assert made["cells"][1]["source"][0].startswith("# ")


def test_colab_is_offered_where_the_repository_is_known(tmp_path: Path) -> None:
    page = render(small(tmp_path), tmp_path, tmp_path / "cache").page
    offered = with_offers(page, "small", ADDRESS)
    assert offered.index("# A title") < offered.index("small.ipynb") < offered.index("first")
    address = (
        "colab.research.google.com/github/somebody/paper_repro/blob/gh-pages/literate/small.ipynb"
    )
    assert address in offered
    assert "colab" not in with_offers(page, "small", None)
    assert colab("small", "https://gitlab.com/a/b") is None
    assert address in str(colab("small", f"{ADDRESS}.git")) and address in str(
        colab("small", f"{ADDRESS}/")
    )
