"""``doctor``: is a saved adapter sound?"""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(
    adapter: Annotated[str, typer.Argument(help="Folder or hub name of a saved adapter.")],
    base: Annotated[
        str | None,
        typer.Option(help="Base to load it onto. Default: the one that the adapter names."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a saved adapter loads, onto what, and whether it would change any output.

    Exit status: 0 sound, 1 unsound, 2 unreadable.
    """
