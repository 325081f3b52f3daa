"""What is shipped, what it needs, who imports whom, and that it starts without torch."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import paper_repro

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "paper_repro"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {
    "torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets",
    "matplotlib", "scipy", "sklearn", "tensorboard",
}  # fmt: skip
MAY_IMPORT_TORCH = re.compile(
    r"paper_repro\.(engine|training|evaluation|miniature|bench|counting\.(build|census|doctor|instantiate)"
    r"|verify\.stages\.(instantiate|train|gpu))(\.|$)"
)
ENTRY = "__main__"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Every imported module and when: ``at once``, ``late`` or for ``types`` alone."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")), "at once")


def _imports(node: ast.AST, when: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, when) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports hide who imports whom"
        yield node.module or "", when
        yield from ((f"{node.module}.{alias.name}", when) for alias in node.names)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        when = "types"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and when == "at once":
        when = "late"
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, when)


def rooms() -> list[str]:
    """The rooms, lowest first, as the architecture page lists them."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## The rooms")[2].partition("##")[0]
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def test_every_room_is_on_the_architecture_page() -> None:
    found = {name.split(".")[1] for name in MODULES if "." in name} - {ENTRY}
    assert set(rooms()) == found


def test_lower_rooms_never_import_higher_ones() -> None:
    order = rooms()
    upward = [
        f"{name} imports {imported}"
        for name, path in MODULES.items()
        for imported, _ in imports(path)
        if imported.startswith("paper_repro.") and "." in name
        for room, other in [(name.split(".")[1], imported.split(".")[1])]
        if room != ENTRY and other in order and order.index(other) > order.index(room)
    ]
    assert upward == []


def test_torch_is_imported_only_where_it_may() -> None:
    elsewhere = [
        name
        for name, path in MODULES.items()
        if not MAY_IMPORT_TORCH.match(name)
        and any(i.split(".")[0] == "torch" and when != "types" for i, when in imports(path))
    ]
    assert elsewhere == []


def test_heavy_libraries_are_imported_late() -> None:
    """The engine's modules import torch at once, and are themselves imported late."""
    at_once = {
        name
        for name, path in MODULES.items()
        if any(i.split(".")[0] in HEAVY and when == "at once" for i, when in imports(path))
    }
    assert all(name.startswith("paper_repro.engine.") for name in at_once)
    early = [
        f"{name} imports {imported}"
        for name, path in MODULES.items()
        if not name.startswith("paper_repro.engine.")
        for imported, when in imports(path)
        if imported in at_once and when == "at once"
    ]
    assert at_once and early == []


def test_training_needs_no_pydantic() -> None:
    code = (
        "import sys, pkgutil, importlib\n"
        "sys.modules['pydantic'] = None  # importing it now fails\n"
        "import paper_repro.training as room\n"
        "found = list(pkgutil.walk_packages(room.__path__, room.__name__ + '.'))\n"
        "for module in found: importlib.import_module(module.name)\n"
        "print(len(found), 'torch' in sys.modules)"
    )
    done = run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    number, torch = done.stdout.split()
    assert int(number) >= 5 and torch == "False"


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)


LIGHT = [["--help"], ["--version"], ["verify", "--stage", "arithmetic"], ["explain", "18M"]]


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_starts_without_torch(arguments: list[str]) -> None:
    done = run([sys.executable, "-X", "importtime", "-m", "paper_repro", *arguments])
    assert done.returncode == 0, done.stderr[-2000:]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "paper_repro.cli" in imported
    assert imported & HEAVY == set()


def distribution(name: str) -> str:
    return canonicalize_name(Requirement(name).name)


def declared(*groups: str) -> set[str]:
    optional = PYPROJECT["optional-dependencies"]
    listed = PYPROJECT["dependencies"] + [r for group in groups for r in optional[group]]
    return {distribution(requirement) for requirement in listed}


def third_party(folder: Path) -> set[str]:
    owners = metadata.packages_distributions()
    tops = {
        imported.split(".")[0] for path in folder.rglob("*.py") for imported, _ in imports(path)
    }
    ours = {"paper_repro", "tests"}
    return {
        canonicalize_name(owners[top][0])
        for top in tops - sys.stdlib_module_names - ours
        if top in owners
    }


def test_every_import_is_a_declared_dependency() -> None:
    site = third_party(PACKAGE / "site")
    others = set[str]().union(
        *(third_party(room) for room in PACKAGE.iterdir() if room.is_dir() and room.name != "site")
    )
    assert others <= declared()
    assert site <= declared("docs")
    assert third_party(ROOT / "tests") <= declared("test", "docs")


def test_every_dependency_is_used() -> None:
    through_others = {
        "accelerate",  # transformers asks for it where models are placed
        "datasets",  # reads the rows that levels train on
    }
    assert declared() - through_others <= third_party(PACKAGE)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_everything_that_is_installed_is_pinned() -> None:
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in declared("test", "docs")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), e) for e in {"", *needed.extras}]
    assert {name for name, _ in seen} - set(pins()) == set()


def test_pins_name_no_build_of_torch() -> None:
    assert pins()["torch"] == "2.13.0"
    assert not [name for name, version in pins().items() if "+" in version]


def test_the_citation_and_the_changelog_bear_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == paper_repro.__version__
    assert citation["preferred-citation"]["version"] == paper_repro.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changes or f"## [{paper_repro.__version__}]" in changes


def test_the_citation_is_valid() -> None:
    tool = Path(sys.prefix) / "cff" / "bin" / "cffconvert"
    if not tool.exists():
        pytest.skip("NOT CHECKED: cffconvert is not installed beside this Python; use: make test")
    done = run([str(tool), "--validate", "--infile", str(ROOT / "CITATION.cff")])
    assert done.returncode == 0, done.stdout + done.stderr
    shown = run([str(tool), "--format", "bibtex", "--infile", str(ROOT / "CITATION.cff")])
    assert "paper_repro" in shown.stdout


def test_the_citation_quotes_the_studys_references() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    cited = {
        identifier["value"].removeprefix("arXiv:")
        for reference in citation["references"]
        for identifier in reference.get("identifiers", [])
    }
    known = (PACKAGE / "study" / "pitvqa" / "references.bib").read_text(encoding="utf-8")
    assert cited and all(f"{{{number}}}" in known for number in cited)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    done = run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    tracked = run(["git", "ls-files", "paper_repro"]).stdout.split()
    present = [name for name in tracked if (ROOT / name).exists()]
    assert "paper_repro/study/pitvqa/claims.toml" in present
    assert set(present) - shipped == set()


def test_the_wheel_bears_the_version(wheel: zipfile.ZipFile) -> None:
    name = f"paper_repro-{paper_repro.__version__}.dist-info/METADATA"
    assert f"Version: {paper_repro.__version__}\n" in wheel.read(name).decode()


def test_the_wheel_works_away_from_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    command = ["-m", "paper_repro", "verify", "--stage", "arithmetic", "--format", "json"]
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["study"] == "pitvqa"
