"""The record of a run: one JSON file that says what was run, with what, and what came of it.

``write_record(record, folder)`` puts ``record.json`` there whole or not at all, and
``read_record(path)`` reads it back and refuses what is no record. The published schema
(``docs/schemas/record.json``) is generated from :class:`Record`. Nothing here judges a run;
``verify --record`` does.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from paper_repro.errors import UserError

SCHEMA = "paper_repro.record/1"
NAME = "record.json"
Status = Literal["running", "interrupted", "failed", "finished"]
_NEXT = "python -m paper_repro train 2 --size mini --out DIR"


@dataclass
class Record:
    """What one run of ``train`` was, did and measured.

    Attributes:
        schema: name and version of this form.
        status: running, interrupted, failed or finished.
        said: why it stopped; empty when it finished.
        command: the command line.
        settings: every setting by name, level, size and variant among them.
        variant: id of the study's variant; empty for levels 0 and 1.
        procedure: how the adapters were put on the base: stack, single or second-wrap.
        deviations: what differs from the notebook, each with name, both values and the reason.
        counts: weights: base, trainable, total, and by_adapter (a table by adapter name).
        trail: the steps of the procedure with the number of trainable weights after each.
        warnings: what the libraries warned of.
        versions: of Python and of the libraries, by name.
        revisions: of base, level1 and data: a commit, a fingerprint or empty.
        data: name, fingerprint, rows by split, left_out by kind, leaks between splits, and
            features: of the frozen tower's kept outputs, at the last start, how many distinct
            frames they are of, how many of these were found and computed, and bytes.
        hardware: device, name, memory (bytes), cpu, threads, processes, and off: the engine's
            techniques that were off, with the reasons.
        seeds: by what they seed.
        times: started and finished (ISO 8601), seconds, seconds_per_step.
        peak_memory: most bytes in use: device and host.
        steps: optimizer steps taken.
        losses: one a step, in nats a token.
        learning_rates: one a step.
        hashes: SHA-256 of all tensors of a part: base, earlier and newest, each _before and _after.
        base_tensors: how many tensors of the base were hashed.
        base_changed: how many of them differ after the run.
        earlier_tensors: how many tensors of the earlier adapters were hashed.
        earlier_changed: how many of them differ after the run.
        resumed_at: the steps at which the run was resumed.
    """

    schema: str = SCHEMA
    status: Status = "running"
    said: str = ""
    command: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    variant: str = ""
    procedure: str = ""
    deviations: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    trail: list[list[str | int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    times: dict[str, Any] = field(default_factory=dict)
    peak_memory: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    base_tensors: int = 0
    base_changed: int = 0
    earlier_tensors: int = 0
    earlier_changed: int = 0
    resumed_at: list[int] = field(default_factory=list)


def write_record(record: Record, folder: Path) -> Path:
    """Write ``record.json`` into a run's folder: into a neighbour first, then moved into place."""
    folder.mkdir(parents=True, exist_ok=True)
    target, passing = folder / NAME, folder / f".{NAME}"
    text = json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n"
    try:
        with passing.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(passing, target)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
    return target


def read_record(path: Path) -> Record:
    """Read a record, or the ``record.json`` of a run's folder.

    Raises:
        UserError: when it cannot be read, is of another version, lacks a field, has one too many
            or one of another kind.
    """
    path = path / NAME if path.is_dir() else path
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refusal(
            path, "a JSON file that a run wrote", f"{type(error).__name__}: {error}"
        ) from None
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        got = raw.get("schema") if isinstance(raw, dict) else type(raw).__name__
        raise _refusal(path, f"schema {SCHEMA}", repr(got))
    blank = asdict(Record())
    for name in blank.keys() ^ raw.keys():
        raise _refusal(path, "the fields of the published schema", f"{name!r} missing or too many")
    for name, value in blank.items():
        if type(raw[name]) is not type(value):
            raise _refusal(path, f"{name}: {type(value).__name__}", type(raw[name]).__name__)
    if raw["status"] not in get_args(Status):
        raise _refusal(path, f"status: {', '.join(get_args(Status))}", repr(raw["status"]))
    return Record(**{field.name: raw[field.name] for field in fields(Record)})


def _refusal(path: Path, expected: str, got: str) -> UserError:
    return UserError(
        f"{path} cannot be read as the record of a run.",
        expected=expected,
        got=got,
        next_command=_NEXT,
    )
