"""Run a percent script and render it, with its outputs, as a page of Markdown.

The script is the truth: it also runs as plain Python, and a failing assertion stops the site.
Cells with the tag ``hide-input`` show their output alone; ``remove-cell`` keeps a cell for plain
Python only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from paper_repro.site import figures
from paper_repro.site.keys import key

BANNER = "<!-- rendered from {}; do not edit -->\n\n"
SECONDS = 300


def render(script: Path, root: Path, cache: Path) -> str:
    """Run a script from the repository's root, or take its pages from the cache.

    Args:
        script: a jupytext percent script.
        root: the working directory of its kernel.
        cache: folder that keeps earlier renders by :func:`paper_repro.site.keys.key`.

    Raises:
        nbclient.exceptions.CellExecutionError: when a cell fails, with its traceback.
    """
    kept = cache / f"{script.stem}-{key(script, Path(__file__), Path(figures.__file__))}.md"
    if not kept.exists():
        page = BANNER.format(script.relative_to(root)) + _execute(script, root)
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(page, encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def _execute(script: Path, root: Path) -> str:
    import jupytext
    from nbclient import NotebookClient
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    notebook = jupytext.read(script, fmt="py:percent")
    with tempfile.TemporaryDirectory() as sockets:
        NotebookClient(
            notebook,
            timeout=SECONDS,
            coalesce_streams=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(root)}},
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        ).execute()
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = ("hide-input",)
    config.TagRemovePreprocessor.remove_cell_tags = ("remove-cell",)
    body, _ = MarkdownExporter(config=config).from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    return str(body).strip() + "\n"
