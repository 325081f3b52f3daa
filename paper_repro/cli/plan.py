"""``train --show-settings``: every setting beside the author's script and the document's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from paper_repro.study import Study
    from paper_repro.training.settings import Settings

_OWN = {
    ("base", True): "the package's own miniature",
    ("base", False): "none, from nothing",
    ("level1", True): "trained first, here",
    ("data", True): "drawn by the package",
    ("features_cache", True): "in the run's folder, until it has finished",
    ("features_cache", False): "in the run's folder, until it has finished",
    ("without", True): "none",
    ("without", False): "none",
}
"""What stands for a name where none is given, above Level 0 and at it."""
_FIXED = ("level", "size", "variant")
_SETTING = 16
"""Columns of the first column."""
_ADAPTER = ("r", "lora_alpha", "lora_dropout", "target_modules")


@dataclass(frozen=True)
class Line:
    """A setting: as its option is spelled, its value here, the script's, and what is to be said."""

    option: str
    here: str
    script: str
    quoted: str = ""
    reason: str = ""


def show_plan(settings: Settings) -> None:
    """Print the settings of a run, and which of them are not the paper's."""
    from paper_repro.cli.tables import say
    from paper_repro.study import load_study
    from paper_repro.verify.report.terminal import make_console

    lines = list(plan(load_study(), settings))
    of = f", {settings.variant}" if settings.variant else ""
    say(f"Level {settings.level}{of}, {settings.size} size", "bold")
    often = _often(lines)
    console = make_console()
    for row in _rows(lines, console.width, often):
        console.print(row)
    if any(line.script for line in lines):
        differing = sum(bool(line.reason) for line in lines)
        why = f"Where no reason stands: {often}. " if often else ""
        say(
            f"\n{differing} of {len(lines)} are not as the author's script has them. {why}"
            "Quoted: the document's own words. The run's record keeps all of it."
        )


def plan(study: Study, here: Settings) -> Iterator[Line]:
    """A line a setting, in the order of the options; then the adapter, then what is no option."""
    from paper_repro.training.recipes import adapters_of, deviations, paper, unused, words

    passed_over = {*_FIXED, *unused(study, here.level, here.variant)}
    theirs = paper(study, here.level, here.variant)
    quoted = words(study, here.level, here.variant)
    differing = {each["name"]: each for each in deviations(study, here)}
    for name, value in here.to_dict().items():
        if name in passed_over or name.endswith("_revision"):
            continue
        reason = differing.pop(name, {}).get("reason", "")
        script = _word(theirs[name]) if name in theirs else ""
        shown = _word(value, getattr(here, f"{name}_revision", None)) or _OWN[name, here.level > 0]
        if f"{script}@" in shown:
            script = "same, not pinned"
        option = f"--{name.replace('_', '-')}"
        yield Line(option, shown, script, quoted.get(name, ""), reason)
    for adapter in adapters_of(study, here.level, here.variant)[-1:]:
        for name in _ADAPTER:
            value = _word(getattr(adapter, name))
            yield Line(name, value, value, quoted.get(name, ""))
    for name, each in differing.items():
        yield Line(name, _word(each["here"]), _word(each["paper"]), reason=each["reason"])


def _rows(lines: Sequence[Line], width: int, often: str) -> Iterator[RenderableType]:
    """A row a setting, and below it, across the whole width, what is to be said of it."""
    from rich.padding import Padding
    from rich.text import Text

    from paper_repro.verify.report.table import safe

    yield _row(Line("setting", "here", "paper's script"), width, "dim")
    for line in lines:
        script = "same" if line.script == line.here else line.script or "–"
        yield _row(replace(line, script=script), width, "bold" if line.reason else "")
        quoted = f"“{line.quoted}”" if line.quoted else ""
        for words, style in ((quoted, "italic"), (line.reason, "")):
            if words and words != often:
                yield Padding(Text(safe(words), style), (0, 0, 0, 4))


def _often(lines: Sequence[Line]) -> str:
    """A reason that most lines would repeat."""
    counted = Counter(line.reason for line in lines if line.reason).most_common(1)
    return counted[0][0] if counted and counted[0][1] > 3 else ""


def _row(line: Line, width: int, style: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    from paper_repro.verify.report.table import safe

    row = Table.grid(padding=(0, 2, 0, 0))
    rest = min(max(width, 60), 100) - _SETTING - 4
    for size in (_SETTING, rest - rest * 3 // 8, rest * 3 // 8):
        row.add_column(width=size, overflow="fold")
    row.add_row(*(Text(safe(cell), style) for cell in (line.option, line.here, line.script)))
    return row


def _word(value: Any, revision: str | None = None) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    said = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{said}@{revision[:12]}" if revision else said
