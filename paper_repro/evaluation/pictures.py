"""Read one picture from a file, or say why not: ``read_picture(path)``.

The size is taken from the file's head, before anything is decoded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 50_000_000
"""Pixels that are decoded at most; a 4K video frame has 8 million."""
LONGEST = 200
"""The most that one side may be of the other (``smart_resize`` of transformers' Qwen2-VL)."""


def read_picture(path: Path) -> Image:
    """The picture in RGB, turned upright as its camera says; of several, the first.

    Raises:
        UserError: there is no such file, it is no picture, it is cut short, or it is too large.
    """
    import warnings

    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is judged here
            with Image.open(path) as picture:
                _check_size(path, *picture.size)
                return _eight_bits(ImageOps.exif_transpose(picture)).convert("RGB")
    except Image.DecompressionBombError:
        raise _too_large(path, f"over {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from None
    except UnidentifiedImageError:
        raise _unreadable(path, "a file in another format, or none") from None
    except FileNotFoundError:
        raise _unreadable(path, "no such file", f"ls {path.parent}") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _unreadable(path, said.lower()) from None


def _eight_bits(picture: Image) -> Image:
    """Of shades of 16 bits the upper half: Pillow's own conversion cuts off all above 255."""
    from PIL import Image

    if not picture.mode.startswith("I;16"):
        return picture
    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))


def _check_size(path: Path, width: int, height: int) -> None:
    got = f"{width:,} × {height:,} pixels"
    if width * height > LARGEST:
        raise _too_large(path, got)
    if max(width, height) > LONGEST * min(width, height):
        raise _unreadable(path, got, expected=f"one side at most {LONGEST} times the other")


def _too_large(path: Path, got: str) -> UserError:
    return UserError(
        f"{path} is too large a picture.",
        expected=f"at most {LARGEST:,} pixels",
        got=got,
        next_command="make it smaller, for instance 1280 pixels wide, and run the same again",
    )


def _unreadable(
    path: Path,
    got: str,
    next_command: str = "",
    expected: str = "a PNG, JPEG, WebP, TIFF, BMP or GIF picture",
) -> UserError:
    return UserError(
        f"{path} cannot be read as a picture.",
        expected=expected,
        got=got,
        next_command=next_command or f"file {path}",
    )
