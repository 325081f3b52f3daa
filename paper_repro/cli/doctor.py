"""``doctor``: is a saved adapter sound?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paper_repro.counting.symptoms import Diagnosis


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
    from paper_repro.cli.tables import print_json, working
    from paper_repro.quiet import captured

    with working(f"examining {adapter}"), captured():
        from paper_repro.counting.doctor import examine

        diagnosis = examine(adapter, base)
    if json:
        print_json(diagnosis.to_json())
    else:
        _show(diagnosis)
    raise typer.Exit(diagnosis.exit_code)


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
