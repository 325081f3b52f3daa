"""The command reference, read off the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from typer._click import Command, Context, Parameter

INTRODUCTION = (
    "Every command is `python -m paper_repro COMMAND`, or `paper-repro COMMAND` for short. An "
    "error says what is wrong, what was expected, what was got and what to type next, and ends "
    "with status 2."
)


def commands_page(app: typer.Typer) -> str:
    """Every command with its arguments, options, defaults and examples, as Markdown."""
    group = typer.main.get_group(app)
    root = group.make_context("paper_repro", [], resilient_parsing=True)
    parts = ["# Commands", INTRODUCTION]
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        assert command is not None
        parts += _command(name, command, root)
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Command, root: Context) -> Iterator[str]:
    context = command.make_context(name, [], parent=root, resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {name}"
    yield f"```text\npython -m paper_repro {name} {usage}\n```"
    yield command.help or ""
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    yield "\n".join(["| argument or option | | default |", "| --- | --- | --- |", *rows])
    if command.epilog:
        examples = [line.strip() for line in command.epilog.splitlines() if line[:1] == " "]
        yield "\n".join(["Examples:\n", "```sh", *examples, "```"])


def _row(parameter: Parameter, context: Context) -> str:
    record = parameter.get_help_record(context)
    names, described = record or (str(parameter.name), "")
    given = parameter.get_default(context, call=False)
    default = "" if given in (None, False, (), []) or parameter.required else f"`{given}`"
    cells = (f"`{names}`", getattr(parameter, "help", None) or described, default)
    return "| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |"
