"""The phases and steps that Level 1's rows name.

The names are those of ``scripts/evaluate_unified_vlm.py`` in the author's repository at commit
addc7d8; the data set's own card lists others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PHASES = ("nasal", "sellar", "tumor_removal", "closure")
STEPS = (
    "septal_dissection",
    "turbinectomy",
    "sphenoidotomy",
    "posterior_septectomy",
    "sellar_floor_removal",
    "dura_opening",
    "tumor_resection",
    "hemostasis",
    "reconstruction",
    "visualization",
)
CLASSES = {"phase_classification": PHASES, "step_classification": STEPS}
"""The closed list that the answer to a task is one of, for the tasks that have one."""


def named_in(text: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that a text names as whole words; case, and ``_`` or a space, do not matter."""
    words = _words(text)
    return tuple(label for label in labels if re.search(rf"\b{_words(label)}\b", words))


def _words(text: str) -> str:
    return re.sub(r"[_\s]+", " ", text.lower())
