"""Kept tower outputs in processes of their own: some that are killed, and two that share the work.

``start(words, folder)`` is a real ``train``, with small files and a tower that takes its time, so
that it can be killed between two files. Under a launcher this module keeps drawn rows' outputs and
writes what its process saw into ``RANK.json``.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from paper_repro.miniature.config import processor
from paper_repro.training import features
from paper_repro.training.examples import Examples, encode
from paper_repro.training.stopping import Stopped
from paper_repro.training.workers import Workers, joined
from tests.training import bench, children

FRAMES = 3
"""Of one file."""
COUNT = 12


@contextmanager
def small_files(frames: int = FRAMES, pause: float = 0.0) -> Iterator[list[int]]:
    """Inside, files hold so many frames; yields the number of frames of every pass."""
    real, passes = features.tower_outputs, list[int]()

    def slow(whole: Any, pixels: Any, grid: Any) -> Any:
        time.sleep(pause)
        passes.append(len(grid))
        return real(whole, pixels, grid)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "MOST_FRAMES", frames)
        patch.setattr(features, "tower_outputs", slow)
        yield passes


def start(words: list[str], folder: Path, pause: float = 0.0) -> BaseProcess:
    """Begin ``train`` with small files; its output goes to ``folder/err.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(children.TOP))
        child = children.server().Process(target=_command, args=(words, folder, pause), daemon=True)
        child.start()
    return child


def _command(words: list[str], folder: Path, pause: float) -> None:
    with small_files(1, pause):
        children.command(words, folder)


@cache
def rows(count: int = COUNT) -> Examples:
    """Rows of a frame each, no two of which are alike; 16 image tokens."""
    one = bench.row("Where is the dura?", "there")
    lit = [replace(one, frames=(bench.frame((112, 112), 30 + 10 * n),)) for n in range(count)]
    return encode(lit, processor())


def digest(kept: features.Features) -> str:
    """Of all outputs, in the order of the frames."""
    found = hashlib.sha256()
    for piece in kept.outputs:
        found.update(piece.numpy().tobytes())
    return found.hexdigest()


def _keep(folder: Path, workers: Workers) -> dict[str, Any]:
    with small_files() as passes:
        made = rows(), bench.stack()
        kept = features.keep(*made, folder, workers).features
        assert kept is not None
        before = len(passes)
        features.keep(*made, folder, workers)
    return {
        "said": kept.to_dict(),
        "digest": digest(kept),
        "passes": passes,
        "again": len(passes) - before,
    }


def _stopped(folder: Path, workers: Workers) -> str:
    """The second process is asked to stop after its first pass."""

    def tell(what: str, done: int, of: int) -> None:
        if workers.rank == 1 and what == features.WHAT:
            raise Stopped("the second")

    try:
        with small_files():
            features.keep(rows(), bench.stack(), folder, workers, telling=tell)
    except Stopped as early:
        return str(early)
    return "nothing stopped"


def main(folder: Path) -> None:
    with joined("cpu") as workers:
        said = {
            "shared": _keep(folder / "shared", workers),
            "apart": _keep(folder / f"apart-{workers.rank}", workers),
            "stopped": _stopped(folder / "stopped", workers),
        }
        (folder / f"{workers.rank}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
