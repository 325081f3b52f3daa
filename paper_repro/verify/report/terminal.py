"""The report on a terminal, drawn with Rich: a table a level, then what reconciles what.

``to_text(report, width)`` gives it without colour; ``show(report, console)`` prints it as the
console can. From 110 columns there is a full table, from 72 a short one, below that a list.
Colour is never the only carrier of a verdict. The quotes come from documents, so control
characters in them are made visible instead of being sent to the terminal.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paper_repro.judging import Verdict
from paper_repro.verify.report.style import LOOKS, counted, labelled
from paper_repro.verify.report.table import claims_table, marked, safe
from paper_repro.verify.report.wording import (
    asked,
    by_level,
    figure,
    first_sentences,
    found,
    is_verbatim,
    level_title,
    needs_reconciling,
    reconciliation,
    said,
    spans,
    stated,
)
from paper_repro.verify.result import ClaimResult, Report, StageResult


class _Console(Console):
    """A console that leaves what a closed pipe means to the command line."""

    def on_broken_pipe(self) -> None:
        raise


def make_console(*, stderr: bool = False) -> Console:
    """A console on standard output, or error, that never fails over a character.

    Rich reads ``NO_COLOR``, ``TERM``, ``COLUMNS`` and whether the stream is a terminal.
    """
    console = _Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if isinstance(console.file, io.TextIOWrapper) and not console.encoding.startswith("utf"):
        console.file.reconfigure(errors="replace")
    return console


def to_text(report: Report, width: int, *, full: bool = False) -> str:
    """The report as plain text, no line wider than ``width`` columns (at least 40)."""
    console = Console(
        file=io.StringIO(),
        width=max(width, 40),
        height=100,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as capture:
        show(report, console, full=full)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().split("\n")) + "\n"


def show(report: Report, console: Console, *, full: bool = False) -> None:
    """Print the report; with ``full``, every claim with all that is known of it."""
    width = console.width
    console.print(Text(safe(report.title), "bold"))
    console.print(Text(safe(f"Claims of “{report.document}”, checked one by one."), "dim"))
    for level, claims in by_level(report):
        console.print()
        if full:
            for claim in claims:
                console.print(one_claim(claim))
                console.print()
        else:
            console.print(Text(safe(level_title(report, level)), "bold"))
            console.print(claims_table(claims, width))
    if not full:
        for part in (*_reconciled(report.claims, width), *_failed(report.claims)):
            console.print(part)
        for part in _stages(report.stages):
            console.print(part)
    console.print()
    console.print(_summary(report, width))
    console.print()
    console.print(Text(safe(report.closing), "bold"))


def _reconciled(claims: list[ClaimResult], width: int) -> Iterator[RenderableType]:
    wrong = [claim for claim in claims if needs_reconciling(claim)]
    if wrong:
        yield Text("\nWhat would reconcile them", "bold")
    for claim in wrong:
        head = Text.assemble((claim.id, LOOKS[claim.verdict].terminal))
        head.append(safe(f"  {said(claim)}, found {found(claim)}"))
        if claim.reconciles:
            reading = f"→ {reconciliation(claim)}"
        else:
            why = first_sentences(safe(_prose(claim.explanation)), 2 * width - 40, cell_len)
            reading = f"No reading in this study does. {why}".rstrip()
        yield marked(claim.verdict, head, Text(safe(reading)))


def _prose(text: str) -> str:
    return "".join(piece for piece, _ in spans(text))


def _failed(claims: list[ClaimResult]) -> Iterator[RenderableType]:
    broken = [claim for claim in claims if claim.verdict is Verdict.CHECK_FAILED]
    if broken:
        yield Text("\nChecks that failed", "bold")
    for claim in broken:
        head = Text(claim.id, LOOKS[claim.verdict].terminal)
        lines = Text(safe(claim.reason)), Text(safe(claim.command), "dim")
        yield marked(claim.verdict, head, *lines)


def _stages(stages: list[StageResult]) -> Iterator[RenderableType]:
    idle = [stage for stage in stages if stage.status != "ran"]
    if idle:
        yield Text("\nStages that did not run, and what runs them", "bold")
    for stage in idle:
        yield Text(safe(f"{stage.name}: {stage.status}{_because(stage)}"), overflow="fold")
        yield _indented(Text(safe(stage.command), "dim", overflow="fold"))


def _because(stage: StageResult) -> str:
    return f", {stage.reason}" if stage.reason and stage.status != "not selected" else ""


def _summary(report: Report, width: int) -> RenderableType:
    """Counts by verdict, each with as many symbols as claims: a bar that needs no colour."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(width - 40, 1))
    for verdict, count in counted(report.summary):
        look = LOOKS[verdict]
        word = Text(labelled(verdict), look.terminal)
        grid.add_row(word, str(count), Text(look.symbol * count, look.terminal))
    return grid


def one_claim(claim: ClaimResult) -> RenderableType:
    """One claim with all that is known of it."""
    look = LOOKS[claim.verdict]
    quote = safe(claim.quote or figure(claim))
    verbatim = is_verbatim(quote) or not claim.quote
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", min_width=10)
    grid.add_column(overflow="fold", ratio=1)
    for name, value in _facts(claim):
        if value:
            grid.add_row(Text(name), Text(safe(value), overflow="fold"))
    parts: list[RenderableType] = [
        Text(claim.id, "bold", overflow="fold"),
        Text(labelled(claim.verdict), look.terminal),
        Text(),
        _indented(Text(quote if verbatim else f"“{quote}”", overflow="fold")),
        Text(),
        grid,
    ]
    if claim.by_variant:
        parts += [Text("\nby variant", "dim"), _by_variant(claim)]
    return Group(*parts)


def _facts(claim: ClaimResult) -> list[tuple[str, str]]:
    evidence = claim.evidence + (f" ({', '.join(claim.stages)})" if claim.stages else "")
    changed = f"{claim.reviewed}: not what was found now" if claim.changed else ""
    return [
        ("place", claim.place),
        ("variant", claim.variant),
        ("asked", asked(claim)),
        ("printed" if claim.printed is not None else "stated", stated(claim)),
        ("found", claim.found_text),
        ("formula", claim.formula),
        ("evidence", evidence),
        ("reason", claim.reason),
        ("why", _prose(claim.explanation)),
        ("reconciles", reconciliation(claim)),
        ("matters", claim.consequence),
        ("reviewed", changed),
        ("again", claim.command),
    ]


def _by_variant(claim: ClaimResult) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=False)
    for name in ("variant", "found", "verdict"):
        table.add_column(name, overflow="fold", header_style="dim")
    for variant, result in claim.by_variant.items():
        name = f"{variant} (its own)" if variant == claim.variant else variant
        verdict = Text(labelled(result.verdict), LOOKS[result.verdict].terminal)
        table.add_row(Text(name), Text(safe(result.found_text)), verdict)
    return table


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))
