"""Why a row is not trained on: the closed list of kinds, and the error that carries one."""

from __future__ import annotations

UNREADABLE_ROW = "unreadable row"
UNREADABLE_MESSAGES = "unreadable messages"
NO_QUESTION = "no question"
NO_ANSWER = "no answer"
NO_IMAGE = "no image"
UNREADABLE_IMAGE = "unreadable image"
NO_FRAMES = "video without frames"
TOO_MANY_FRAMES = "several frames for one"
UNREADABLE_POINT = "unreadable point"
OUT_OF_RANGE = "coordinates out of range"
NO_LABEL = "point without a label"
REFUSED = (
    UNREADABLE_ROW,
    UNREADABLE_MESSAGES,
    NO_QUESTION,
    NO_ANSWER,
    NO_IMAGE,
    UNREADABLE_IMAGE,
    NO_FRAMES,
    TOO_MANY_FRAMES,
    UNREADABLE_POINT,
    OUT_OF_RANGE,
    NO_LABEL,
)
"""The kinds of problem with which a row is not trained on, in the order they are looked for."""


class RowError(Exception):
    """A row that cannot be trained on; ``kind`` is one of :data:`REFUSED`."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said
