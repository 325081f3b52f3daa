"""Run the notebook of a percent script and render it, with its outputs, as a page of Markdown.

The script is the truth: it also runs as plain Python, and a failing assertion stops the site.
Cells with the tag ``hide-input`` show their output alone; ``remove-cell`` keeps a cell for plain
Python only. Outputs are text, HTML or Markdown: a picture comes inside an HTML output, with words
for those who do not see it (:mod:`paper_repro.site.shown`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from paper_repro import whole
from paper_repro.errors import UserError
from paper_repro.site import drawn, figures, shown
from paper_repro.site.keys import key
from paper_repro.site.literate import notebook as notebooks

BANNER = "<!-- rendered from {}; do not edit -->\n\n"
SECONDS = 300
SIDE_BY_SIDE = 2
"""Scripts that run at a time: each may use PyTorch."""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For each of them, so that it leaves a core to the other."""


class Rendered(NamedTuple):
    """A page, and the seconds that making it took; None where it was kept."""

    script: Path
    page: str
    seconds: float | None


def render_all(scripts: Sequence[Path], root: Path, cache: Path) -> Iterator[Rendered]:
    """Every script's page, in order; those that are not kept run side by side."""
    with ProcessPoolExecutor(SIDE_BY_SIDE) as pool:
        yield from pool.map(render, scripts, [root] * len(scripts), [cache] * len(scripts))


def render(script: Path, root: Path, cache: Path) -> Rendered:
    """Run a script from the repository's root, or take its page from the cache.

    Args:
        script: a jupytext percent script.
        root: the working directory of its kernel.
        cache: folder that keeps earlier renders by :func:`paper_repro.site.keys.key`.

    Raises:
        UserError: when a cell fails, with its traceback.
    """
    own = [Path(str(module.__file__)) for module in (figures, drawn, shown, notebooks)]
    checksum = key(script, Path(__file__), *own)
    kept = cache / f"{script.stem}-{checksum}.md"
    if kept.exists():
        return Rendered(script, kept.read_text(encoding="utf-8"), None)
    started = monotonic()
    page = BANNER.format(script.relative_to(root)) + _executed(script, root)
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(f"{script.stem}-{'?' * len(checksum)}.md"):
        old.unlink(missing_ok=True)
    whole.write(page, kept)
    return Rendered(script, page, monotonic() - started)


def _executed(script: Path, root: Path) -> str:
    notebook = notebooks.notebook(script, None)
    notebook.cells[0].metadata["tags"] = ["remove-cell"]
    execute(notebook, script.name, root)
    return _markdown(notebook, script.name)


def execute(notebook: Any, name: str, folder: Path) -> None:
    """Run every cell of a notebook, in place.

    Args:
        name: of what is run, for the error.
        folder: in which it runs.

    Raises:
        UserError: when a cell fails or takes too long, or the kernel dies.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            coalesce_streams=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )
        try:
            client.execute(env=os.environ | ONE_THREAD)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise UserError(
                f"{name} does not run.",
                expected=f"every assertion to hold, and no cell to take {SECONDS} seconds",
                got=str(error),
                next_command=f"python docs/literate/{name}",
            ) from None


def _markdown(notebook: Any, name: str) -> str:
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = ("hide-input",)
    config.TagRemovePreprocessor.remove_cell_tags = ("remove-cell",)
    body, more = MarkdownExporter(config=config).from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    if more["outputs"]:
        raise UserError(
            f"{name} shows a picture that says nothing to those who do not see it.",
            expected="pictures inside paper_repro.site.shown, with captions",
            got=", ".join(more["outputs"]),
            next_command=f"python docs/literate/{name}",
        )
    return str(body).strip() + "\n"
