"""What several commands ask of an option's value, and say where it is another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from paper_repro.errors import UserError


def known(what: str, name: str | None, names: Iterable[str], next_command: str) -> str:
    """A name that is one of these.

    Raises:
        UserError: it is not, or none is given.
    """
    choices = list(names)
    if name is None or name not in choices:
        raise UserError(
            f"This {what} is not known." if name else f"No {what} is named.",
            expected=", ".join(choices),
            got=_nearly(name, choices) if name else "none",
            next_command=next_command,
        )
    return name


def _nearly(name: str, choices: list[str]) -> str:
    """A misspelt name, with the one that was meant."""
    close = get_close_matches(name, choices, 1)
    return f"{name} (did you mean {close[0]}?)" if close else name


def size_of(text: str, next_command: str) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        UserError: it cannot be read.
    """
    match = re.fullmatch(r"([1-9]\d{1,4})[x×]([1-9]\d{1,4})", text)
    if not match:
        raise UserError(
            "The size of a frame cannot be read.",
            expected="width and height in pixels, such as 224x224, from 10 to 99999",
            got=text,
            next_command=next_command,
        )
    return int(match[1]), int(match[2])


def check_ending(figure: Path, next_command: str) -> None:
    """A figure is a file of a kind that is drawn.

    Args:
        next_command: one that draws it.

    Raises:
        UserError: it is of another kind.
    """
    if figure.suffix not in (".svg", ".png"):
        raise UserError(
            "A figure of this kind is not drawn.",
            expected="a name that ends in .svg or .png",
            got=str(figure),
            next_command=next_command,
        )
