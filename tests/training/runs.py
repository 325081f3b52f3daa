"""Short real runs of every level, and what two of them must have in common.

``small`` is a fixture: a base that Level 0 hardly trained, a Level 1 of three steps, and six rows
in the paper's layout. A run over them takes a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from paper_repro.study import load_study
from paper_repro.training import checkpoints
from paper_repro.training.context import Options
from paper_repro.training.recipes import defaults
from paper_repro.training.record import Record, read_record
from paper_repro.training.run import resume, train
from paper_repro.training.settings import Settings
from paper_repro.training.watch import Stepped
from tests.data import paper_rows
from tests.training.bench import same_bits

STUDY = load_study()
STEPS = 6
"""Of a run of Level 1 or 2: three an epoch, two epochs."""


class Killed(BaseException):
    """Ends a run at once, as a signal that nobody handles; nothing is saved for it."""


@dataclass
class Heard:
    """Listens to a run, and may do something when a step was taken."""

    after: Callable[[Stepped], None] = lambda _step: None
    lines: list[str] = field(default_factory=list)
    steps: list[Stepped] = field(default_factory=list)

    def doing(self, what: str, done: int = 0, of: int = 0) -> None: ...

    def said(self, words: str) -> None:
        self.lines.append(words)

    def stepped(self, step: Stepped) -> None:
        self.steps.append(step)
        self.after(step)


@dataclass(frozen=True)
class Small:
    """What short runs start from: folders of a base, of a Level 1, and of rows."""

    base: Path
    level1: Path
    data: Path

    def settings(self, level: int = 2, variant: str = "stated", **changes: Any) -> Settings:
        """Two rows a step, three steps an epoch, two epochs."""
        start = defaults(STUDY, level, "mini", variant, on_card=False)
        if level == 0:
            return replace(start, **{"batch": 2, "accumulation": 2, "max_steps": 4, **changes})
        short = {"batch": 1, "accumulation": 2, "epochs": 2, "learning_rate": 1e-2}
        below = str(self.level1) if variant != "seven-modules" and level == 2 else ""
        where = {"base": str(self.base), "data": str(self.data), "level1": below}
        return replace(start, **{**short, **where, **changes})

    def words(self, *more: str) -> list[str]:
        """The command that trains as ``settings()`` says, in a folder named ``run``."""
        named = {"base": self.base, "level1": self.level1, "data": self.data, "batch": 1}
        named |= {"accumulation": 2, "epochs": 2, "learning-rate": 1e-2, "device": "cpu"}
        options = [word for name, value in named.items() for word in (f"--{name}", str(value))]
        return ["train", "2", *options, "--out", "run", *more]


def hardly_trained(folder: Path) -> Path:
    """The run of a Level 0 that took two steps, the first at a rate of zero."""
    start = defaults(STUDY, 0, "mini", "", on_card=False)
    train(replace(start, batch=2, max_steps=2), folder, Options())
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    root = tmp_path_factory.mktemp("small")
    made = Small(root / "base", root / "level1", root / "rows")
    hardly_trained(made.base)
    paper_rows.write_json_lines(paper_rows.good(), made.data)
    train(made.settings(1, epochs=1), made.level1, Options())
    return made


def run(settings: Settings, folder: Path, **options: Any) -> Record:
    return train(settings, folder, Options(**{"save_every": 2, **options}))


def go_on(folder: Path, heard: Heard | None = None, **options: Any) -> Record:
    """Resume, with the process's own random state elsewhere, as in another process."""
    import torch

    torch.rand(3)
    return resume(folder, Options(**{"save_every": 2, **options}), heard or Heard())


def stopping(at: int, how: Callable[[], None]) -> Heard:
    """Do something after one step."""
    return Heard(lambda step: how() if step.step == at else None)


def end_at_once() -> None:
    raise Killed


@contextmanager
def killed(settings: Settings, folder: Path, at: int, **options: Any) -> Iterator[None]:
    """A run that ended without a word after a step; then the block."""
    with pytest.raises(Killed):
        train(
            settings,
            folder,
            Options(**{"save_every": 2, **options}),
            stopping(at, end_at_once),
        )
    yield


def newest(folder: Path) -> checkpoints.Checkpoint:
    found, problems = checkpoints.newest(folder / "checkpoints")
    assert found is not None and problems == ()
    return found


def saved(folder: Path) -> dict[str, bytes]:
    """Every weight file that a finished run leaves, by its place in the folder."""
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for part in ("adapter", "parts", "base")
        for file in (folder / part).rglob("*.safetensors")
    }
    assert files
    return files


def differences(some: Path, other: Path) -> list[str]:
    """In losses, rates, all of the state after the last step, and what was saved, to the bit."""
    one, two = read_record(some), read_record(other)
    last, their_last = newest(some), newest(other)
    assert one.status == two.status == "finished" and len(one.losses) == one.steps > 0
    assert last.steps == one.steps
    same = {
        "losses": one.losses == two.losses,
        "learning rates": one.learning_rates == two.learning_rates,
        "state": same_bits(last.tensors, their_last.tensors),
        "numbers": last.numbers == their_last.numbers,
        "hashes": one.hashes == two.hashes,
        "files": saved(some) == saved(other),
    }
    return [what for what, is_same in same.items() if not is_same]


def raw_record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return found
