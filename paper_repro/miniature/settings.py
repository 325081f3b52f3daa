"""Settings of the miniature's levels, and why they are not the paper's.

A table for each level and, of Level 2, variant: what ``train --size mini`` starts from. Ranks and
modules of the adapters are the study's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LEVEL_2: Mapping[str, Any] = {
    "batch": 16,
    "accumulation": 1,
    "epochs": 7,
    "optimizer": "adamw_torch",
    "learning_rate": 4e-3,
    "warmup": 0.1,
    "max_length": 256,
}
SETTINGS: Mapping[tuple[int, str], Mapping[str, Any]] = {
    (0, ""): {
        "batch": 128,
        "accumulation": 1,
        "max_steps": 2500,
        "optimizer": "adamw_torch",
        "learning_rate": 1e-3,
        "warmup": 0.05,
        "weight_decay": 0.01,
        "max_length": 256,
        "features": False,
    },
    (1, ""): {**_LEVEL_2, "epochs": 2, "learning_rate": 1e-3},
    (2, "stated"): _LEVEL_2,
    (2, "seven-modules"): {**_LEVEL_2, "learning_rate": 2e-3},
    (2, "notebook"): {**_LEVEL_2, "labels": "sequence", "features": True},
}
"""By level and variant. The miniature learns from nothing known in minutes, so its learning rates
are higher and its runs shorter than the paper's."""
