"""Reports of a verification, all drawn from one :class:`paper_repro.verify.result.Report`.

``render(report, "html")`` gives the text, ``write(text, path)`` puts it on disk whole or not at
all, ``show(report)`` prints the table on this terminal, and ``with watch() as watcher`` shows a
run while it happens. Nothing here judges. Rich and Jinja are imported only when they are used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from paper_repro import whole
from paper_repro.verify.result import Report

if TYPE_CHECKING:
    from paper_repro.verify.report.live import LiveView

Format = Literal["text", "json", "markdown", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)

__all__ = ["FORMATS", "Format", "render", "show", "watch", "write"]


def watch(to_screen: bool = True) -> LiveView:
    """A live view of a run, to use in a ``with`` block.

    Args:
        to_screen: draw on standard output; else on standard error, because the report itself
            goes to standard output.
    """
    from paper_repro.verify.report.live import LiveView
    from paper_repro.verify.report.terminal import make_console

    return LiveView(make_console(stderr=not to_screen))


def show(report: Report, *, full: bool = False) -> None:
    """Print the report on standard output, in colour and as wide as the terminal can.

    Args:
        full: print all that is known of every claim instead of the table.
    """
    from paper_repro.verify.report import terminal

    console = terminal.make_console()
    if console.is_terminal:
        terminal.show(report, console, full=full)
    else:
        console.file.write(terminal.to_text(report, console.width, full=full))


def render(report: Report, format: Format, width: int | None = None, *, full: bool = False) -> str:
    """Draw a report. The same report gives the same text, byte for byte.

    Args:
        report: the verification.
        format: ``text`` (no colour), ``json``, ``markdown`` or ``html``.
        width: columns of the ``text`` format, 100 unless given; the others have none.
        full: in the ``text`` format, all that is known of every claim; the others have it.
    """
    match format:
        case "json":
            from paper_repro.verify.report.json import to_json

            return to_json(report)
        case "markdown":
            from paper_repro.verify.report.markdown import to_markdown

            return to_markdown(report)
        case "html":
            from paper_repro.verify.report.html import to_html

            return to_html(report)
        case "text":
            from paper_repro.verify.report.terminal import to_text

            return to_text(report, width or 100, full=full)


def write(text: str, path: Path) -> None:
    """Write a report whole or not at all.

    Raises:
        UserError: when the folder cannot be written, the disk is full, or ``path`` is something
            other than a file; what stood there before is then untouched.
    """
    again = f"python -m paper_repro verify --output {path.name}"
    whole.can_hold(path, again)
    try:
        whole.write(text, path)
    except OSError as error:
        raise whole.unwritable(path, error.strerror or type(error).__name__, again) from None
