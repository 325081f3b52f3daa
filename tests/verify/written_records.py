"""Records as a finished run of each variant would write them, for tests to bend."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

BASE = 2_208_985_600
LEVEL_1, ATTENTION, SEVEN, SECOND_WRAP = 36_929_536, 4_358_144, 18_464_768, 32_571_392
TRUE = {
    "stated": ("stack", {"unified": LEVEL_1, "spatial": ATTENTION}, ATTENTION),
    "seven-modules": ("single", {"spatial": SEVEN}, SEVEN),
    "notebook": ("second-wrap", {"default": SECOND_WRAP}, SECOND_WRAP),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "stated": {"batch": 1, "accumulation": 16, "epochs": 3, "max_length": 2048},
    "notebook": {"batch": 1, "accumulation": 16, "epochs": 3, "max_length": 2048},
    "seven-modules": {"batch": 2, "accumulation": 4, "epochs": 3, "max_length": 512},
}
ROWS = {"stated": 9_125, "notebook": 9_125, "seven-modules": 4_645}


def record(variant: str = "stated", size: str = "full", steps: int = 6) -> dict[str, Any]:
    """A consistent record of Level 2; ``steps`` keeps it short."""
    procedure, adapters, trainable = TRUE[variant]
    base = BASE if size == "full" else 1_330_000
    earlier = {"stated": 392, "notebook": 392, "seven-modules": 0}[variant]
    touched = earlier if variant == "notebook" else 0
    return {
        "schema": "paper_repro.record/1",
        "status": "finished",
        "said": "",
        "command": f"python -m paper_repro train 2 --size {size} --variant {variant}",
        "settings": {
            "level": 2,
            "size": size,
            "variant": variant,
            "max_steps": None,
            "seed": 42,
            "precision": "nf4",
        }
        | SETTINGS[variant],
        "variant": variant,
        "procedure": procedure,
        "deviations": [],
        "counts": {
            "base": base,
            "trainable": trainable,
            "total": base + sum(adapters.values()),
            "by_adapter": adapters,
        },
        "trail": [["base loaded", base], ["adapters put on", trainable]],
        "warnings": [],
        "versions": {"torch": "2.13.0"},
        "revisions": {"base": "abc", "level1": "def", "data": "012"},
        "data": {
            "name": "mmrech/pitvqa-comprehensive-spatial",
            "fingerprint": "f" * 64,
            "rows": {"train": ROWS[variant], "validation": 1_014},
            "left_out": {},
            "leaks": [],
        },
        "hardware": {
            "device": "cuda",
            "name": "Tesla T4",
            "memory": 16_000_000_000,
            "cpu": "a processor",
            "threads": 2,
            "processes": 1,
        },
        "seeds": {"all": 42},
        "times": {
            "started": "2026-11-24T01:00:00+00:00",
            "finished": "2026-11-24T08:12:00+00:00",
            "seconds": 25_920.0,
            "seconds_per_step": 25_920.0 / steps,
        },
        "peak_memory": {"device": 11_000_000_000, "host": 6_000_000_000},
        "steps": steps,
        "losses": [1.0 - step / 100 for step in range(steps)],
        "learning_rates": [2e-5] * steps,
        "hashes": {
            "base_before": "a" * 64,
            "base_after": "a" * 64,
            "earlier_before": "b" * 64,
            "earlier_after": ("d" if touched else "b") * 64,
            "newest_before": "c" * 64,
            "newest_after": "e" * 64,
        },
        "base_tensors": 730,
        "base_changed": 0,
        "earlier_tensors": earlier,
        "earlier_changed": touched,
        "resumed_at": [],
    }


def bent(given: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a dotted place."""
    changed = copy.deepcopy(given)
    table: Any = changed
    *way, last = place.split(".")
    for key in way:
        table = table[key]
    table[last] = value
    return changed


def written(given: dict[str, Any], folder: Path) -> Path:
    """The folder, with the record in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(json.dumps(given), encoding="utf-8")
    return folder
