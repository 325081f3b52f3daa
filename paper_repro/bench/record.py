"""The record of a bench: one JSON file that ``verify --record`` and the site read.

Seconds, hours, bytes and rates have their units in their names. Needs no torch.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from paper_repro import whole
from paper_repro.bench.timed import HOUR, Timed
from paper_repro.errors import UserError
from paper_repro.hardware.traps import Trap

SCHEMA: Literal["paper_repro.bench/1"] = "paper_repro.bench/1"
NEXT = "python -m paper_repro bench --out bench.json"


@dataclass(frozen=True)
class Predicted:
    """What the estimate says of the same way on the same card, before anything is timed."""

    hours_low: float
    hours_high: float
    memory_bytes: float


@dataclass(frozen=True)
class Bench:
    """What was timed, where, and what follows for the run.

    Attributes:
        schema: name and version of this form.
        finished: day and time, ISO 8601.
        took_seconds: all of it.
        device: ``cuda`` or ``cpu``.
        card: rates and abilities of the card, see ``bench.card``; empty without one.
        hardware: name, memory (bytes), cpu, threads.
        versions: of Python and of the libraries, by name.
        size: ``full``, or ``mini`` for the miniature.
        base: the model whose shape it is.
        variant: id of the study's variant.
        width, height: of a frame in pixels.
        samples: of the whole run.
        ways: what was timed, by the names of ``hardware.ways``.
        failed: why a way is not there, by its name.
        predicted: what was expected, by way.
        unpacking_seconds: to unpack every 4-bit weight once; 0 without a card.
        traps: those that a T4's user meets, looked for on this card.
    """

    schema: Literal["paper_repro.bench/1"]
    finished: str
    took_seconds: float
    device: Literal["cuda", "cpu"]
    card: dict[str, Any]
    hardware: dict[str, Any]
    versions: dict[str, str]
    size: Literal["full", "mini"]
    base: str
    variant: str
    width: int
    height: int
    samples: int
    ways: dict[str, Timed]
    failed: dict[str, str]
    predicted: dict[str, Predicted]
    unpacking_seconds: float
    traps: tuple[Trap, ...]

    @property
    def image(self) -> str:
        """Size of a frame, in words."""
        return f"{self.width} × {self.height}"


def write(found: Bench, path: Path) -> None:
    """Whole or not at all."""
    whole.write(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n", path)


def read(path: Path) -> Bench:
    """Read one back.

    Raises:
        UserError: it is none, or its hours are not those of its seconds.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(Bench).validate_json(path.read_bytes(), extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _refusal(path, f"the fields of {SCHEMA}", f"{where}: {first['msg']}") from None
    except OSError as error:
        raise _refusal(path, "a file that can be read", str(error)) from None
    for name, way in found.ways.items():
        if not (way.seconds and min(way.seconds) > 0 and math.isfinite(sum(way.seconds))):
            raise _refusal(path, f"{name}: seconds above zero", str(way.seconds[:3]))
        hours = (median(way.seconds) * found.samples + way.once_seconds) / HOUR
        if not (math.isclose(hours, way.hours) and way.hours_low <= way.hours_high):
            raise _refusal(path, f"{name}: {hours:.6g} hours, by its seconds", f"{way.hours:.6g}")
    return found


def _refusal(path: Path, expected: str, got: str) -> UserError:
    return UserError(
        f"{path} cannot be read as the record of a bench.",
        expected=expected,
        got=got,
        next_command=NEXT,
    )
