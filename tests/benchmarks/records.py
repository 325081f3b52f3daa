"""The record of a real ``--tiny`` run, to be read, bent and shown.

``python -m benchmarks.speed --tiny --steps 3 --only package notebook trl ms-swift "without packing"
"dropout 0.05" --python-path trl=FOLDER --json tests/benchmarks/speed-tiny.json``, where ms-swift
was not installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("speed-tiny.json")
SMALLER, LARGER = "112x112", "196x56"


def tiny() -> dict[str, Any]:
    """A copy of its own."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def one(record: dict[str, Any], name: str, size: str = SMALLER) -> dict[str, Any]:
    """What was measured of a contender at a size of frame."""
    found: dict[str, Any] = record["contenders"][name]["sizes"][size]
    return found
