"""One contender, in the process that this module is run as; it writes what it measured.

``python -m benchmarks.speed.process NAME FOLDER OUT SIZE …``; ``surroundings`` in place of a name
measures the card itself. What it wrote stays when a later size fails; the last line that it says is
then why.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.speed.children import write_json
from benchmarks.speed.contenders import CONTENDERS, EFFECTIVE, Contender, Try
from benchmarks.speed.inputs import Ready, pixels_of, read
from benchmarks.speed.timing import Measured, surroundings, versions
from paper_repro.bench.clock import forget_peak

SURROUNDINGS = "surroundings"


def contend(folder: Path, out: Path, name: str, sizes: list[str], steps: int | None) -> None:
    """Measure at all sizes."""
    import torch

    contender = CONTENDERS[name]
    contender = contender._replace(steps=min(steps or contender.steps, contender.steps))
    module = import_module(f"benchmarks.speed.{contender.module}")
    stack = module.load(folder, contender.options)
    found: dict[str, Any] = {"versions": versions(), "sizes": {}}
    for size in sizes:
        ready = read(folder, size, pinned=torch.cuda.is_available())
        tries = contender.tries(*pixels_of(size))
        found["sizes"][size] = fastest(module, stack, ready, contender, tries)
        write_json(out, found)


def fastest(
    module: Any, stack: Any, ready: Ready, contender: Contender, tries: tuple[Try, ...]
) -> dict[str, Any]:
    """The fastest way to cut an effective batch; a smaller one than what fits is not tried.

    Returns:
        What was measured of it, and ``tries``: seconds of each, or why there are none.
    """
    done: dict[Try, dict[str, Any]] = {}
    said: list[dict[str, str | float]] = []
    for cut in tries:
        if any(cut.checkpointing == other.checkpointing for other in done):
            continue
        words = f"{cut.batch} × {EFFECTIVE // cut.batch}"
        words += ", checkpointing" if cut.checkpointing else ""
        got = attempt(module, stack, ready, contender, cut)
        if isinstance(got, str):
            said.append({"cut": words, "failed": got})
        else:
            done[cut] = {"cut": words, **got._asdict()}
            said.append({"cut": words, "seconds": min(got.seconds)})
    if not done:
        raise MemoryError(said[-1]["failed"])
    return {**min(done.values(), key=lambda each: min(each["seconds"])), "tries": said}


def attempt(
    module: Any, stack: Any, ready: Ready, contender: Contender, cut: Try
) -> Measured | str:
    """One way, or what the card said when its memory did not suffice."""
    import torch

    forget_peak()
    stack.restore()
    try:
        made: Measured = module.measure(stack, ready, cut, contender)
        return made
    except torch.OutOfMemoryError as error:
        said = str(error).partition(". ")[0]
        traceback.clear_frames(error.__traceback__)
        return said


def reason(error: Exception, name: str) -> str:
    """Why a contender failed, in one line, and how to install what is missing."""
    needs = CONTENDERS[name].needs if name in CONTENDERS else ""
    if isinstance(error, ModuleNotFoundError) and needs:
        return (
            f"the Python module `{error.name}` is not installed here. To install it: "
            f"`python -m pip install --no-deps --target FOLDER {needs}`, then measure with "
            f"`--only {name} --python-path {name}=FOLDER`"
        )
    return " ".join(f"{type(error).__name__}: {error}".split())


def main() -> None:
    """What the command line says."""
    name, folder, out, steps, *sizes = sys.argv[1:]
    try:
        if name == SURROUNDINGS:
            write_json(Path(out), surroundings())
        else:
            contend(Path(folder), Path(out), name, sizes, int(steps) or None)
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"\n{reason(error, name)}")


if __name__ == "__main__":
    main()
