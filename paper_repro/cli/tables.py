"""What the commands print with: tables that fit the terminal, text, JSON."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from paper_repro.verify.report.table import safe
from paper_repro.verify.report.terminal import make_console


def plain_table(*columns: str) -> Table:
    """A table with these headings; a leading ``>`` aligns the column right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(
            column.removeprefix(">"),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right,
            header_style="dim",
        )
    return table


def print_table(table: Table) -> None:
    """Print a table on standard output, with an empty line behind it."""
    console = make_console()
    console.print(table)
    console.print()


def say(text: str, style: str = "") -> None:
    """Print a paragraph on standard output, wrapped at the terminal's width."""
    make_console().print(Text(safe(text), style))


def print_json(data: Any) -> None:
    """Print JSON on standard output."""
    emit(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def emit(text: str) -> None:
    """Print a whole document on standard output: always UTF-8, as a file of its kind would be."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on standard error that something longer is going on, where that is a terminal."""
    console = make_console(stderr=True)
    if console.is_terminal:
        with console.status(safe(what)):
            yield
    else:
        yield
