"""The report on a terminal, drawn with Rich: a table a level, then what reconciles what.

``to_text(report, width)`` gives it without colour; ``show(report, console)`` prints it as the
console can. From 110 columns there is a full table, from 72 a short one, below that a list.
Colour is never the only carrier of a verdict. The quotes come from documents, so control
characters in them are made visible instead of being sent to the terminal.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paper_repro.judging import Verdict
from paper_repro.verify.report.style import LOOKS, counted, labelled
from paper_repro.verify.report.wording import (
    asked,
    by_level,
    first_sentences,
    found,
    is_verbatim,
    needs_reconciling,
    reconciliation,
    said,
    shorten,
    spans,
    stated,
)
from paper_repro.verify.result import ClaimResult, Report, StageResult

FULL, SHORT = 110, 72
"""Least widths, in columns, of the full and of the short table."""
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def make_console(*, stderr: bool = False) -> Console:
    """A console on standard output, or error, that never fails over a character.

    Rich reads ``NO_COLOR``, ``TERM``, ``COLUMNS`` and whether the stream is a terminal.
    """
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
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
            console.print(Text(f"Level {level}", "bold"))
            console.print(claims_table(claims, width))
    if not full:
        for part in (*_reconciled(report.claims, width), *_failed(report.claims)):
            console.print(part)
        for part in _stages(report.stages):
            console.print(part)
    console.print()
    console.print(_summary(report))
    console.print()
    console.print(Text(safe(report.closing), "bold"))


def safe(text: str) -> str:
    """The text with control characters, which could drive a terminal, made visible as �."""
    return "".join(map(_visible, text.expandtabs(4)))


def _visible(character: str) -> str:
    if character == "\n":
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _BIDI
    return "\N{REPLACEMENT CHARACTER}" if hidden else character


def claims_table(claims: list[ClaimResult], width: int) -> RenderableType:
    """One level's claims, in the form that the width allows."""
    if width < SHORT:
        return Group(*(_stacked(claim, width) for claim in claims))
    columns = _widths(width)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name, wide in columns.items():
        justify: JustifyMethod = "right" if name in ("printed", "found") else "left"
        table.add_column(name, width=wide, overflow="fold", justify=justify, header_style="dim")
    for claim in claims:
        cells = _cells(claim, columns, quoted=width >= FULL)
        table.add_row(*(cells[name] for name in columns))
    return table


def _widths(width: int) -> dict[str, int]:
    """Columns by name; two columns of space lie between neighbours."""
    fixed = {"printed": 13, "found": 21, "verdict": 17}
    if width >= FULL:
        fixed["evidence"] = 13
        fixed["found"] += min(max(width - 130, 0), 30)
    else:
        fixed["found"] = min(max(width - 65, 15), 21)
    return {"claim": min(width - sum(fixed.values()) - 2 * len(fixed), 80)} | fixed


def _cells(claim: ClaimResult, widths: dict[str, int], *, quoted: bool) -> dict[str, Text]:
    look = LOOKS[claim.verdict]
    name = Text(_broken(claim.id, widths["claim"]), "dim" if quoted else "")
    if quoted:
        limit = 2 * widths["claim"] - 10
        quote = shorten(safe(claim.quote), limit, safe(claim.printed or ""), cell_len)
        name.append(f"\n“{quote}”", "not dim")
    return {
        "claim": name,
        "printed": Text(_broken(safe(stated(claim)), widths["printed"])),
        "found": Text(_broken(safe(found(claim)), widths["found"])),
        "verdict": Text(labelled(claim.verdict), look.terminal),
        "evidence": Text(claim.evidence or "–"),
    }


def _broken(text: str, width: int) -> str:
    """The text with line breaks inside words that are too long: behind ``. - _ /`` if they can."""
    words = text.split(" ")
    return " ".join(
        word if cell_len(word) <= width else "\n".join(_pieces(word, width)) for word in words
    )


def _pieces(word: str, width: int) -> list[str]:
    lines = [""]
    for part in re.findall(r"[^._/-]*[._/-]?", word):
        if lines[-1] and cell_len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _stacked(claim: ClaimResult, width: int) -> RenderableType:
    look = LOOKS[claim.verdict]
    quote = shorten(safe(claim.quote), 2 * width - 12, safe(claim.printed or ""), cell_len)
    return _marked(
        claim.verdict,
        Text.assemble((str(claim.verdict), look.terminal), ("  " + claim.id, "dim")),
        Text(f"“{quote}”"),
        Text(safe(f"{said(claim)} · found {found(claim)}\n")),
    )


def _marked(verdict: Verdict, *lines: Text) -> RenderableType:
    """Lines that hang under each other behind the verdict's symbol."""
    look = LOOKS[verdict]
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(look.symbol, look.terminal), Text("\n", overflow="fold").join(lines))
    return grid


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
        yield _marked(claim.verdict, head, Text(safe(reading)))


def _prose(text: str) -> str:
    return "".join(piece for piece, _ in spans(text))


def _failed(claims: list[ClaimResult]) -> Iterator[RenderableType]:
    broken = [claim for claim in claims if claim.verdict is Verdict.CHECK_FAILED]
    if broken:
        yield Text("\nChecks that failed", "bold")
    for claim in broken:
        head = Text(claim.id, LOOKS[claim.verdict].terminal)
        lines = Text(safe(claim.reason)), Text(safe(claim.command), "dim")
        yield _marked(claim.verdict, head, *lines)


def _stages(stages: list[StageResult]) -> Iterator[RenderableType]:
    idle = [stage for stage in stages if stage.status != "ran"]
    if idle:
        yield Text("\nStages that did not run, and what runs them", "bold")
    for stage in idle:
        yield Text(safe(f"{stage.name}: {stage.status}{_because(stage)}"), overflow="fold")
        yield _indented(Text(safe(stage.command), "dim", overflow="fold"))


def _because(stage: StageResult) -> str:
    return f", {stage.reason}" if stage.reason and stage.status != "not selected" else ""


def _summary(report: Report) -> RenderableType:
    """Counts by verdict, each with as many symbols as claims: a bar that needs no colour."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(overflow="fold")
    grid.add_column(justify="right")
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for verdict, count in counted(report.summary):
        look = LOOKS[verdict]
        word = Text(labelled(verdict), look.terminal)
        grid.add_row(word, str(count), Text(look.symbol * count, look.terminal))
    return grid


def one_claim(claim: ClaimResult) -> RenderableType:
    """One claim with all that is known of it."""
    look = LOOKS[claim.verdict]
    quote = safe(claim.quote)
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
        _indented(Text(quote if is_verbatim(quote) else f"“{quote}”", overflow="fold")),
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
