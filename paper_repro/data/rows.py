"""One row in the paper's format: read, or refused with the reason.

The format is that of the author's scripts (``create_comprehensive_spatial_dataset.py`` and
``train_unified_vlm.py`` at commit addc7d8): ``messages`` (a list, or the JSON text of one) with one
question and one answer, ``image``, and beside them ``video_id``, ``timestamp``, ``frame_index``,
``metadata`` and, in Level 1's rows, ``task_type``.

**Tracking rows.** A question that begins with ``<video>`` is about several frames. Such a row is
trained on only if it carries them, as a list of at least two pictures in ``images`` or ``frames``
(or in ``image``). The processor here has no video part, so they go in as that many pictures, in
order. Without them the row is refused as ``video without frames``: no model can learn where
something was in frames that it is not shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paper_repro.data.frames import Medium, Pictures, Raw, Shown, read_frames, stored_frames
from paper_repro.data.points import Point, broken_points, read_points
from paper_repro.data.refusals import (
    NO_ANSWER,
    NO_LABEL,
    NO_QUESTION,
    OUT_OF_RANGE,
    UNREADABLE_MESSAGES,
    UNREADABLE_POINT,
    UNREADABLE_ROW,
    RowError,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_PLACEHOLDERS = re.compile(r"\s*(?:<(image|video)>\s*)+")
_POINTING = {"instruments": "instrument_pointing", "anatomy": "anatomy_pointing"}


@dataclass(frozen=True)
class Row:
    """One question about one frame, or about several, with its answer.

    Attributes:
        number: place in its split, counted from 0.
        frames: RGB pictures; one, or several for a tracking row.
        medium: what the question's placeholder said.
        question: the user's words without the placeholder.
        task: what is asked for, such as ``instrument_pointing``; see :func:`task_of`.
        video: name of the video that the frame comes from, where the row names it.
        points: the answer's points, in order.
        metadata: the row's own, without empty entries.
    """

    number: int
    split: str
    frames: Sequence[Image] = field(repr=False)
    medium: Medium
    question: str
    answer: str
    task: str
    video: str | None
    points: tuple[Point, ...]
    metadata: Mapping[str, Any]

    @property
    def image(self) -> Image:
        """The frame; of several, the first."""
        return self.frames[0]


@dataclass(frozen=True)
class Words:
    """The written half of a row: everything but its frames."""

    medium: Medium
    question: str
    answer: str


def read_row(raw: Raw, number: int, split: str, shown: Sequence[Shown] = ()) -> Row:
    """Read one stored row.

    Args:
        shown: what is known of its pictures, if they were decoded before: then they are only
            when they are asked for.

    Raises:
        RowError: it cannot be trained on, and why.
    """
    words = read_words(raw)
    frames = Pictures(stored_frames(raw), shown) if shown else read_frames(raw, words.medium)
    points = check_points(words.answer)
    return Row(
        number=number,
        split=split,
        frames=frames,
        medium=words.medium,
        question=words.question,
        answer=words.answer,
        task=task_of(raw, points),
        video=video_of(raw),
        points=points,
        metadata=metadata_of(raw),
    )


def read_words(raw: Raw) -> Words:
    """The question and the answer of a row.

    Raises:
        RowError: they are not one question of the user's and one answer, or one is empty.
    """
    messages = messages_of(raw)
    roles = [message.get("role") for message in messages]
    if roles != ["user", "assistant"]:
        raise RowError(UNREADABLE_MESSAGES, f"expected a user and an assistant, got {roles}")
    user, answer = (_content(message) for message in messages)
    placeholder = _PLACEHOLDERS.match(user)
    question = user[placeholder.end() :] if placeholder else user.strip()
    if not question:
        raise RowError(NO_QUESTION, "the user's message is empty")
    if not answer.strip():
        raise RowError(NO_ANSWER, "the assistant's message is empty")
    is_video = placeholder is not None and "<video>" in placeholder[0]
    return Words("video" if is_video else "image", question, answer)


def messages_of(raw: Raw) -> list[Mapping[str, Any]]:
    """The list of messages, from a list or from JSON text.

    Raises:
        RowError: it is neither, or an entry is no message.
    """
    if "unreadable" in raw:
        raise RowError(UNREADABLE_ROW, str(raw["unreadable"]))
    messages = raw.get("messages")
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except ValueError as error:
            raise RowError(UNREADABLE_MESSAGES, f"not JSON: {error}") from None
    if isinstance(messages, Mapping) and isinstance(messages.get("role"), list):
        # as columnar files may hold a list of messages: for each key a list
        pairs = zip(messages["role"], messages.get("content") or (), strict=False)
        messages = [{"role": role, "content": content} for role, content in pairs]
    if not isinstance(messages, list):
        raise RowError(UNREADABLE_MESSAGES, f"expected a list, got {type(messages).__name__}")
    if not all(isinstance(message, Mapping) for message in messages):
        raise RowError(UNREADABLE_MESSAGES, "expected messages with a role and content")
    return messages


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        texts = [part.get("text") or "" for part in content if isinstance(part, Mapping)]
        kinds = [part.get("type") for part in content if isinstance(part, Mapping)]
        content = ("<video>\n" if "video" in kinds else "") + "".join(texts)
    if content is None:
        return ""
    if not isinstance(content, str):
        raise RowError(UNREADABLE_MESSAGES, f"content is a {type(content).__name__}")
    return content


def check_points(answer: str) -> tuple[Point, ...]:
    """The answer's points.

    Raises:
        RowError: one cannot be read, lies outside the frame, or names nothing.
    """
    if broken := broken_points(answer):
        raise RowError(UNREADABLE_POINT, broken[0][:80])
    points = read_points(answer)
    for point in points:
        if not point.in_frame:
            raise RowError(OUT_OF_RANGE, f"x = {point.x:g}, y = {point.y:g}; expected 0 to 100")
        if not point.label:
            raise RowError(NO_LABEL, f"x = {point.x:g}, y = {point.y:g}")
    return points


def task_of(raw: Raw, points: tuple[Point, ...]) -> str:
    """What a row asks for.

    Level 1's rows say it in ``task_type``. Of the others, ``metadata.type`` says it
    (``multi_point``, ``dual_instrument``, ``temporal_tracking``), or ``metadata.category``: then it
    is ``instrument_pointing`` or ``anatomy_pointing``. Rows that say nothing are ``pointing`` if
    the answer has points, else ``unknown``.
    """
    metadata = metadata_of(raw)
    said = (
        raw.get("task_type") or metadata.get("type") or _POINTING.get(str(metadata.get("category")))
    )
    return str(said or ("pointing" if points else "unknown"))


def video_of(raw: Raw) -> str | None:
    """Name of the video that the row comes from, where it says so."""
    named = raw.get("video_id")
    return str(named) if named not in (None, "") else None


def metadata_of(raw: Raw) -> dict[str, Any]:
    """The row's metadata, from a mapping or JSON text; empty entries are left out.

    Columnar files give every row every key that any row has, empty where there was nothing.
    """
    metadata = raw.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            return {}
    if not isinstance(metadata, Mapping):
        return {}
    return dict(without_empty(metadata))


def without_empty(value: Any) -> Any:
    """A value without the entries, at any depth, that are None or hold nothing."""
    if isinstance(value, Mapping):
        pairs = ((key, without_empty(entry)) for key, entry in value.items())
        return {key: entry for key, entry in pairs if entry is not None and entry not in ({}, [])}
    return [without_empty(entry) for entry in value] if isinstance(value, list) else value


def conversation(row: Row, with_answer: bool) -> list[dict[str, Any]]:
    """A row as chat messages for ``processor.apply_chat_template``.

    The user's turn holds one picture placeholder for each frame, then the question; the pictures
    themselves are given to the processor as ``images=list(row.frames)``. Training adds the
    assistant's turn; evaluation asks the template for a generation prompt instead.
    """
    pictures = [{"type": "image"} for _ in range(len(row.frames))]
    messages = [{"role": "user", "content": [*pictures, _text(row.question)]}]
    if with_answer:
        messages.append({"role": "assistant", "content": [_text(row.answer)]})
    return messages


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}
