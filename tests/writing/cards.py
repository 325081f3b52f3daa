"""Runs that cards are of: the shipped one, and one as it would be recorded at full size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from paper_repro.miniature import shipped
from paper_repro.verify.records import read_run
from paper_repro.writing.card import Trained, trained
from tests.writing.texts import STUDY

BASE, LEVEL_1 = "Qwen/Qwen2-VL-2B-Instruct", "mmrech/pitvqa-qwen2vl-unified"
DATA = "mmrech/pitvqa-comprehensive-spatial"
REPOSITORY = "someone/my-adapter"
COMMITS = {"base": "b" * 40, "level1": "a" * 40, "data": "d" * 40}
COUNTS = {"base": 2_208_985_600, "trainable": 4_358_144, "total": 2_250_273_280}
WEIGHTS = {"unified": 36_929_536, "spatial": 4_358_144}
FULL = {
    "size": "full", "base": BASE, "level1": LEVEL_1, "data": DATA, "precision": "nf4",
    "base_revision": COMMITS["base"], "optimizer": "paged_adamw_8bit", "learning_rate": 2e-5,
    "epochs": 3, "max_length": 2048, "compute": "bfloat16",
}  # fmt: skip


def copied(folder: Path, name: str = "spatial") -> Path:
    """A shipped run that may be changed."""
    shutil.copytree(shipped(name), folder)
    return folder


def changed(folder: Path, settings: dict[str, Any] | None = None, **fields: Any) -> Path:
    """Change the record of a run: settings, and fields; of fields that are tables only some."""
    path = folder / "record.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["settings"] |= settings or {}
    for name, value in fields.items():
        raw[name] = raw[name] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(raw), encoding="utf-8")
    return folder


def full(folder: Path, **settings: Any) -> Path:
    """The shipped run as if it had been one at full size: its record, not its weights."""
    data = {
        "name": DATA,
        "usable": {"train": 9_120, "validation": 1_013},
        "left_out": {"train": {"no image": 5}, "validation": {"unreadable row": 1}},
        "frames": {"train": 6_011, "validation": 950},
        "leaks": {"frames": 307, "videos": 25},
    }
    return changed(
        copied(folder),
        FULL | settings,
        revisions=COMMITS,
        counts=COUNTS | {"by_adapter": WEIGHTS},
        trail=[["unified frozen", COUNTS["trainable"]]],
        data=data,
        hardware={"device": "cuda", "name": "NVIDIA T4", "memory": 16_106_127_360},
        times={"seconds": 25_200.0},
        peak_memory={"device": 11_811_160_064},
    )


def of(folder: Path, repository: str = "", licence: str = "") -> Trained:
    """What its card is made of."""
    return trained(STUDY, read_run(folder, STUDY), repository, licence)
