"""A literate script as a notebook that can be run anywhere, Colab included.

It has no outputs, and begins with a cell that installs the package unless it is there. Versions are
left to pip: a hosted notebook brings a torch of its own, which must not be replaced.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paper_repro.site.literate.addresses import Addresses
from paper_repro.site.literate.links import standing_alone

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_INSTALL = """\
# Install the package, unless it is here. A torch that is here already stays.
import importlib.util

if importlib.util.find_spec("paper_repro") is None:
    {install}"""
_BY_HAND = """\
raise ModuleNotFoundError(
        "paper_repro is not here. In a checkout of its repository run: pip install . "
        "Then start this notebook again."
    )"""


def notebook(script: Path, repository: str | None) -> Any:
    """The notebook of a script, valid and without outputs.

    Args:
        script: a jupytext percent script.
        repository: address of the repository; None where the site's settings do not give one.
    """
    import jupytext
    import nbformat
    from nbformat.v4 import new_code_cell

    made = jupytext.read(script, fmt="py:percent")
    install = new_code_cell(install_cell(repository))  # type: ignore[no-untyped-call]
    made.cells.insert(0, install)
    for place, cell in enumerate(made.cells):
        cell.id = f"cell-{place}"
    made.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    nbformat.validate(made)
    return made


def as_json(script: Path, known: Addresses) -> str:
    """The notebook of a script, as its file has it: its links lead on from wherever it is read."""
    import nbformat

    made = notebook(script, known.repository)
    page = f"{known.site}literate/{script.stem}.html" if known.site else None
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = standing_alone(cell.source, page)
    return str(nbformat.writes(made)) + "\n"  # type: ignore[no-untyped-call]


def install_cell(repository: str | None) -> str:
    """The first cell; where no address is known it says what to do instead."""
    install = f'%pip install --quiet "paper-repro @ git+{repository}"' if repository else _BY_HAND
    return _INSTALL.format(install=install)
