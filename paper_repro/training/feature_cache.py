"""Outputs of the frozen tower in a folder: found there, or computed and put there.

``complete(folder, tower, parts, run, workers)`` runs the tower on the frames that are missing, a
file of them after another. However a process ends, it loses one file at most, and the next start
goes on to the bit: which frames share a pass does not depend on when it was interrupted. Of several
processes each runs its share. Bits that are found are used as they are: those of a frame that
another run has put there, in other company or on another machine, agree to rounding alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paper_repro.errors import UserError
from paper_repro.training.feature_key import Tower
from paper_repro.training.feature_shards import Output, Unwritable, read, scan, write
from paper_repro.training.stopping import Stopped
from paper_repro.training.workers import Workers

Parts = Sequence[Mapping[str, int]]
"""Frames by their digests with their image tokens, a mapping for each file."""
Run = Callable[[Sequence[str], int, int], dict[str, Output]]
"""Runs the tower on some frames, given how many were run before, and of how many."""
WHAT = "running the frozen tower on each frame"


@dataclass(frozen=True)
class Completed:
    """All outputs.

    Attributes:
        outputs: by the frame's digest, mapped from files.
        found: how many of the frames were there already.
        problems: what is wrong with files there, a sentence or none.
    """

    outputs: Mapping[str, Output]
    found: int
    problems: tuple[str, ...]


def complete(folder: Path, tower: Tower, parts: Parts, run: Run, workers: Workers) -> Completed:
    """Every frame's outputs.

    Args:
        folder: is made when there is something to put there; several machines may share it.
        parts: every frame once.

    Raises:
        Unwritable: the folder takes no more.
        UserError: another process could not do its share.
        Stopped: a signal asked to stop, here or in another process.
    """
    with together(workers):
        there, problems = scan(folder, tower)
        todo = _missing(parts, there)
        found = sum(map(len, parts)) - sum(map(len, todo))
        _check_room(folder, tower, todo)
    with together(workers):
        _run_and_write(folder, tower, [todo[i] for i in workers.share(len(todo))], run)
    if todo:
        there, _ = scan(folder, tower)
        there |= _run_and_write(folder, tower, _missing(parts, there), run)
    return Completed(there, found, _said(folder / tower.key, problems))


@contextmanager
def together(workers: Workers) -> Iterator[None]:
    """All processes end the block, or none of them goes on.

    Raises:
        UserError: in another process something was raised.
        Stopped: another process was asked to stop.
    """
    raised: Exception | None = None
    try:
        yield
    except Exception as error:
        raised = error
    stopped = workers.any(isinstance(raised, Stopped))
    failed = workers.any(raised is not None)
    if raised is not None:
        raise raised
    if stopped:
        raise Stopped(WHAT)
    if failed:
        raise UserError(
            "Another process could not keep its share of the tower's outputs.",
            expected="every process to go on",
            got="an error, which that process prints",
            next_command="put right what it says, then the same command again",
        )


def _missing(parts: Parts, there: Mapping[str, Output]) -> list[dict[str, int]]:
    """The frames that are not there, in the parts that they have; no empty part."""
    left = ({f: tokens for f, tokens in part.items() if f not in there} for part in parts)
    return [part for part in left if part]


def _run_and_write(folder: Path, tower: Tower, todo: Parts, run: Run) -> dict[str, Output]:
    made: dict[str, Output] = {}
    of = sum(map(len, todo))
    for part in todo:
        outputs = run(list(part), len(made), of)
        made |= read(write(folder, tower, outputs), tower)
    return made


def _check_room(folder: Path, tower: Tower, todo: Parts) -> None:
    needed = sum(sum(part.values()) for part in todo) * tower.width * tower.dtype.itemsize
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if needed > (free := shutil.disk_usage(there).free):
        raise Unwritable(needed, f"{free / 1e6:,.1f} MB free")


def _said(place: Path, problems: Sequence[str]) -> tuple[str, ...]:
    if not problems:
        return ()
    more = f", and {len(problems) - 1:,} more" if len(problems) > 1 else ""
    return (f"Not used, in {place}: {problems[0]}{more}. Those frames are computed again.",)
