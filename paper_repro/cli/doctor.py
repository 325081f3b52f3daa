"""``doctor``: is a saved adapter sound?"""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paper_repro.counting.symptoms import Diagnosis


def doctor(
    adapter: Annotated[
        str, typer.Argument(help="Folder or hub name of a saved adapter, or a run's folder.")
    ],
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BASE", help="Base to load it onto. Default: the one that the adapter names."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a saved adapter loads, onto what, and whether it would change any output.

    Exit status: 0 sound, 1 unsound, 2 unreadable.
    """
    from paper_repro.cli.tables import print_json, working
    from paper_repro.quiet import captured

    with working(f"examining {adapter}"), captured():
        from paper_repro.counting.doctor import examine

        diagnosis = examine(*of_run(adapter, base))
    if json:
        print_json(diagnosis.to_json())
    else:
        _show(diagnosis)
    raise typer.Exit(diagnosis.exit_code)


def of_run(adapter: str, base: str | None) -> tuple[str, str | None]:
    """A run's folder stands for the adapter or the base in it; the miniature's base is shipped."""
    from paper_repro.training.base import MINIATURE, base_named

    below = Path(adapter, "adapter")
    adapter = str(below) if below.is_dir() else adapter
    named = _base_of(Path(adapter))
    if base is None and named == MINIATURE:
        base = ""
    elif base is None and named and Path(named, "base").is_dir():
        base = named
    return adapter, base if base is None else base_named(base)


def _base_of(adapter: Path) -> str | None:
    """The base that a folder's config names; what is wrong with the file is for others to say."""
    try:
        config = loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return config.get("base_model_name_or_path") if isinstance(config, dict) else None


def _show(diagnosis: Diagnosis) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say

    say(f"{diagnosis.adapter} on {diagnosis.base}", "bold")
    table = plain_table("question", "answer", "what was found")
    for answer in diagnosis.answers:
        table.add_row(answer.question, answer.answer, answer.detail)
    print_table(table)
    for symptom in diagnosis.symptoms:
        mark = "✗" if symptom.severity == "unsound" else "i"
        say(f"{mark} {symptom.what}", "bold" if symptom.severity == "unsound" else "")
        say(f"    expected: {symptom.expected}")
        say(f"    got:      {symptom.got}")
        say(f"    next:     {symptom.next}\n")
    say(f"{'Sound' if diagnosis.sound else 'Unsound'}. Read: {diagnosis.read}.", "bold")
