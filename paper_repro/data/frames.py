"""The pictures of a row, in whichever way it stores them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from paper_repro.data.refusals import (
    NO_FRAMES,
    NO_IMAGE,
    TOO_MANY_FRAMES,
    UNREADABLE_IMAGE,
    RowError,
)

if TYPE_CHECKING:
    from PIL.Image import Image

Raw = Mapping[str, Any]
"""A row as it is stored. ``image`` may be a picture, its encoded bytes, a path, or datasets' pair
of ``bytes`` and ``path``."""
Medium = Literal["image", "video"]

IMAGE_COLUMNS = ("image", "images", "frames", "file_name")


class Shown(NamedTuple):
    """What is known of a picture without decoding it again.

    Attributes:
        digest: SHA-256 of its size and RGB pixels.
        size: width and height in pixels.
    """

    digest: str
    size: tuple[int, int]


class Pictures(Sequence["Image"]):
    """A row's pictures in RGB, each decoded when it is asked for.

    Args:
        stored: as the row has them; each can be decoded.
        shown: what is known of each.
    """

    def __init__(self, stored: Sequence[Any], shown: Sequence[Shown]) -> None:
        self._stored, self.shown = tuple(stored), tuple(shown)

    def __len__(self) -> int:
        return len(self._stored)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Image]: ...
    def __getitem__(self, index: int | slice) -> Image | Sequence[Image]:
        if isinstance(index, slice):
            return [decoded(one) for one in self._stored[index]]
        return decoded(self._stored[index])


def shown_in(frames: Sequence[Image]) -> tuple[Shown, ...]:
    """Digest and size of each of a row's pictures; those of :class:`Pictures` are known."""
    if isinstance(frames, Pictures):
        return frames.shown
    return tuple(Shown(pixels_digest(frame), frame.size) for frame in frames)


def pixels_digest(frame: Image) -> str:
    """SHA-256 of a picture's size and RGB pixels: the same for any lossless file of it."""
    return hashlib.sha256(b"%d x %d\n" % frame.size + frame.tobytes()).hexdigest()


def read_frames(raw: Raw, medium: Medium = "image") -> tuple[Image, ...]:
    """The row's pictures in RGB, fully decoded.

    Raises:
        RowError: there is none, one cannot be decoded, or they are too few or too many.
    """
    stored = stored_frames(raw)
    frames = tuple(map(decoded, stored))
    check_number(len(frames), medium)
    return frames


def check_number(frames: int, medium: Medium) -> None:
    """Whether a question has the pictures that it is about: one, or for a video at least two.

    Raises:
        RowError: they are too few or too many.
    """
    if medium == "video" and frames < 2:
        raise RowError(NO_FRAMES, f"a question about several frames, with {frames} of them")
    if not frames:
        raise RowError(NO_IMAGE, "the row has no picture")
    if medium == "image" and frames > 1:
        raise RowError(TOO_MANY_FRAMES, f"a question about one frame, with {frames} of them")


def stored_frames(raw: Raw) -> list[Any]:
    """What the row stores as pictures, still encoded: those of the column that has most."""
    return max((_listed(raw.get(column)) for column in IMAGE_COLUMNS), key=len)


def _listed(stored: Any) -> list[Any]:
    if isinstance(stored, Mapping) and not (stored.get("bytes") or stored.get("path")):
        return []
    if isinstance(stored, list | tuple):
        return list(stored)
    return [] if stored in (None, "", b"") else [stored]


def decoded(stored: Any) -> Image:
    """One stored picture in RGB.

    Raises:
        RowError: it cannot be decoded, or is a path with no file.
    """
    from PIL import Image

    if isinstance(stored, Image.Image):
        return stored.convert("RGB")
    try:
        with Image.open(BytesIO(encoded(stored))) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = str(error).partition(" <")[0] or type(error).__name__
        raise RowError(UNREADABLE_IMAGE, reason) from None


def encoded(stored: Any) -> bytes:
    """The bytes of a stored picture, as its file has them.

    Raises:
        RowError: it is a path that cannot be read, or nothing that holds a picture.
    """
    if isinstance(stored, Mapping):
        stored = stored.get("bytes") or stored.get("path") or b""
    if isinstance(stored, bytes):
        return stored
    if not isinstance(stored, str | Path):
        raise RowError(UNREADABLE_IMAGE, f"a {type(stored).__name__} where a picture should be")
    try:
        return Path(stored).read_bytes()
    except FileNotFoundError:
        raise RowError(NO_IMAGE, f"there is no file {Path(stored).name}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise RowError(UNREADABLE_IMAGE, f"{Path(stored).name}: {reason}") from None
