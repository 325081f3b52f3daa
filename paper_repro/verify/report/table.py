"""The tables of the terminal report, in the form that the width allows.

Their text comes from documents, so :func:`safe` makes control characters visible first.
"""

from __future__ import annotations

import re
import unicodedata

from rich import box
from rich.cells import cell_len
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from paper_repro.judging import Verdict
from paper_repro.verify.report.style import LOOKS, labelled
from paper_repro.verify.report.wording import figure, found, said, shorten, stated
from paper_repro.verify.result import ClaimResult

FULL, SHORT = 110, 72
"""Least widths, in columns, of the full and of the short table."""
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
        fixed["found"] = min(max(width - 59, 15), 21)
    return {"claim": min(width - sum(fixed.values()) - 2 * len(fixed), 80)} | fixed


def _cells(claim: ClaimResult, widths: dict[str, int], *, quoted: bool) -> dict[str, Text]:
    look = LOOKS[claim.verdict]
    name = Text(_broken(claim.id, widths["claim"]), "dim" if quoted else "")
    if quoted:
        limit = 2 * widths["claim"] - 10
        name.append(f"\n{_quote(claim, limit)}", "not dim")
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
    return marked(
        claim.verdict,
        Text.assemble((str(claim.verdict), look.terminal), ("  " + claim.id, "dim")),
        Text(_quote(claim, 2 * width - 12)),
        Text(safe(f"{said(claim)} · found {found(claim)}\n")),
    )


def _quote(claim: ClaimResult, limit: int) -> str:
    if not claim.quote:
        return shorten(safe(figure(claim)), limit, measure=cell_len)
    return f"“{shorten(safe(claim.quote), limit, safe(claim.printed or ''), cell_len)}”"


def marked(verdict: Verdict, *lines: Text) -> RenderableType:
    """Lines that hang under each other behind the verdict's symbol."""
    look = LOOKS[verdict]
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(look.symbol, look.terminal), Text("\n", overflow="fold").join(lines))
    return grid
