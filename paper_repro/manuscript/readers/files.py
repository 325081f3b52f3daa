"""Files and their text, within limits: a manuscript is small, and so are its lines."""

from __future__ import annotations

import re
from pathlib import Path

from paper_repro.errors import UserError

LARGEST = 32 << 20
"""Bytes of the largest file that is read."""
LONGEST = 1 << 20
"""Characters of the longest line."""
_ENDS = re.compile(r"\r\n|\r|\n")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def load(path: Path) -> bytes:
    """A file's bytes.

    Args:
        path: of a file of at most :data:`LARGEST` bytes.

    Returns:
        All of them.

    Raises:
        UserError: it is missing, no file, too large or not readable.
    """
    try:
        if not path.is_file():
            raise _no_file(path)
        size = path.stat().st_size
        if size > LARGEST:
            raise refused(
                path,
                "is no manuscript: it is too large",
                f"a file of at most {LARGEST >> 20} MB",
                f"{size >> 20:,} MB",
            )
        return path.read_bytes()
    except OSError as error:
        raise refused(path, "cannot be read", "a readable file", _why(error)) from None


def decode(path: Path, data: bytes) -> tuple[str, bool]:
    """A file's text, its byte order mark included.

    Args:
        path: for messages.
        data: in UTF-8, or in UTF-16 with a byte order mark.

    Returns:
        The text, and whether it is in UTF-8.

    Raises:
        UserError: these bytes are no text, or not in UTF-8, or a line is too long.
    """
    wide = data.startswith(_UTF16)
    code = "utf-16" if wide else "utf-8"
    try:
        text = data.decode(code)
    except UnicodeDecodeError as error:
        guess = code if wide else "latin1"
        raise refused(
            path,
            f"is not in {code.upper()}",
            f"text in {code.upper()}",
            f"byte 0x{data[error.start]:02x} at offset {error.start:,}",
            f"iconv -f {guess} -t utf-8 {path} > new{path.suffix}",
        ) from None
    if "\0" in text:
        raise refused(path, "is not a text", "a text file", f"a NUL at {text.index(chr(0)):,}")
    longest = max(map(len, _ENDS.split(text)))
    if longest > LONGEST:
        raise refused(
            path,
            "is no manuscript: a line is too long",
            f"lines of at most {LONGEST:,} characters",
            f"a line of {longest:,}",
            f"fold -s -w 1000 {path} > new{path.suffix}",
        )
    return text, not wide


def refused(
    path: Path, problem: str, expected: str, got: str, next_command: str | None = None
) -> UserError:
    """The error that a file cannot be read as a manuscript."""
    command = next_command or f"ls -l {path}"
    return UserError(f"{path} {problem}.", expected=expected, got=got, next_command=command)


def _no_file(path: Path) -> UserError:
    if path.is_dir():
        return refused(path, "is a folder", "a file", "a folder", f"ls {path}")
    got = "a device or a pipe" if path.exists() else "nothing there"
    return refused(path, "is not there", "a file", got, f"ls {path.parent}")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
