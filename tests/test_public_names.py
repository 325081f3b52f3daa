"""Every public name is documented: it stands in the reference, with its docstring."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.documents import ROOT

REFERENCE = sorted((ROOT / "docs" / "reference").rglob("*.md"))
EXEMPT = {
    "paper_repro.cli": "the command line, whose commands and options have their own page",
    "paper_repro.site": "makes these pages, and is of use for nothing else",
    "paper_repro.engine.card": "kernels in Triton's language, called by engine.attention and gated",
}
"""Modules that the reference leaves out, and why."""


def defined(path: Path) -> list[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))
    return [node for node in found if not node.name.startswith("_")]


def constants(path: Path) -> list[str]:
    """The public names that a module gives values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    set_here = [
        target
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    names = [target.id for target in set_here if isinstance(target, ast.Name)]
    return [name for name in names if not name.startswith("_")]


def modules() -> dict[str, Path]:
    """Every module that the reference is to have, by name."""
    found = {}
    for path in sorted((ROOT / "paper_repro").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if not any(f"{name}.".startswith(f"{exempt}.") for exempt in EXEMPT):
            found[name] = path
    return found


def test_every_module_with_public_names_is_in_the_reference() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE)
    listed = re.findall(r"^::: (\S+)$", pages, flags=re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert all(EXEMPT.values())
    names = {name for name, path in modules().items() if defined(path) or constants(path)}
    assert names - set(listed) == set(), "add it to docs/reference, or exempt it with a reason"


def test_every_function_and_class_has_its_docstring() -> None:
    """Without one the reference leaves it out, as it does with constants that need none."""
    bare = [
        f"{name}.{node.name}"
        for name, path in modules().items()
        for node in defined(path)
        if not ast.get_docstring(node)
    ]
    assert bare == []
