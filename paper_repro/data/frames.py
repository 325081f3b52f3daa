"""The pictures of a row, in whichever way it stores them."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from paper_repro.data.refusals import NO_FRAMES, NO_IMAGE, UNREADABLE_IMAGE, RowError

if TYPE_CHECKING:
    from PIL.Image import Image

Raw = Mapping[str, Any]
"""A row as it is stored. ``image`` may be a picture, its encoded bytes, a path, or datasets' pair
of ``bytes`` and ``path``."""
Medium = Literal["image", "video"]

IMAGE_COLUMNS = ("image", "images", "frames", "file_name")


def read_frames(raw: Raw, medium: Medium = "image") -> tuple[Image, ...]:
    """The row's pictures in RGB, fully decoded.

    Raises:
        RowError: there is none, one cannot be decoded, or they are too few or too many.
    """
    frames = tuple(_decoded(stored) for stored in stored_frames(raw))
    if medium == "video" and len(frames) < 2:
        raise RowError(NO_FRAMES, f"a question about several frames, with {len(frames)} of them")
    if not frames:
        raise RowError(NO_IMAGE, "the row has no picture")
    if medium == "image" and len(frames) > 1:
        raise RowError(UNREADABLE_IMAGE, f"a question about one frame, with {len(frames)}")
    return frames


def stored_frames(raw: Raw) -> list[Any]:
    """What the row stores as pictures, still encoded: those of the column that has most."""
    return max((_listed(raw.get(column)) for column in IMAGE_COLUMNS), key=len)


def _listed(stored: Any) -> list[Any]:
    if isinstance(stored, Mapping) and not (stored.get("bytes") or stored.get("path")):
        return []
    if isinstance(stored, list | tuple):
        return list(stored)
    return [] if stored in (None, "", b"") else [stored]


def _decoded(stored: Any) -> Image:
    from PIL import Image

    if isinstance(stored, Image.Image):
        return stored.convert("RGB")
    if isinstance(stored, Mapping):
        stored = stored.get("bytes") or stored.get("path")
    try:
        source = BytesIO(stored) if isinstance(stored, bytes) else Path(stored)
        with Image.open(source) as picture:
            return picture.convert("RGB")
    except FileNotFoundError:
        raise RowError(NO_IMAGE, f"there is no file {Path(stored).name}") from None
    except (OSError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError) as error:
        reason = str(error).partition(" <")[0] or type(error).__name__
        raise RowError(UNREADABLE_IMAGE, reason) from None
