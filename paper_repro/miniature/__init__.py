"""The whole hierarchy in small: drawn frames, a tiny base that knows them, and its trained levels.

``shipped(name)`` is the folder of a trained level that comes with the package.
"""

from __future__ import annotations

from pathlib import Path

from paper_repro.errors import UserError

SHIPPED = Path(__file__).parent / "shipped"


def shipped(name: str) -> Path:
    """Folder of a run that comes with the package: ``base``, ``unified``, ``spatial`` or
    ``seven-modules``.

    Raises:
        UserError: it does not come with this copy.
    """
    folder = SHIPPED / name
    if not folder.is_dir():
        there = sorted(path.name for path in SHIPPED.glob("*")) if SHIPPED.is_dir() else []
        raise UserError(
            f"The miniature's {name!r} does not come with this copy of the package.",
            expected=", ".join(there) or "a copy with the trained miniature",
            got=name,
            next_command="python -m paper_repro train 0 --size mini --out base",
        )
    return folder
