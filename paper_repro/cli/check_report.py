"""What ``check`` prints for people: the place, the words in their sentence, why, what to write."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from paper_repro.judging import Verdict
from paper_repro.manuscript.finding import Finding, Severity
from paper_repro.manuscript.formats import File, counted
from paper_repro.verify.report.style import LOOKS
from paper_repro.verify.report.table import safe
from paper_repro.verify.report.terminal import make_console

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "note": "dim"}
_AROUND = 60
_IN_A_FILE = 10_000
"""Columns where no terminal wraps lines: each stays one."""


def show(files: Sequence[File], findings: Sequence[Finding]) -> None:
    """Print every finding under its file, and how many there are."""
    console = make_console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _IN_A_FILE
    for file in files:
        own = [finding for finding in findings if finding.path == file.path]
        console.print(_head(file))
        told: dict[tuple[str, str], str] = {}
        open_ones = [f for f in own if f.verdict is Verdict.NOT_CHECKED]
        for finding in own:
            if finding.verdict is Verdict.NOT_CHECKED:
                continue
            if finding.severity == "note":
                console.print(_note(finding))
            else:
                before = told.setdefault((finding.rule, finding.message), _place(finding))
                _show_one(console, finding, before)
        if open_ones:
            console.print(Padding(_open(open_ones), (0, 0, 0, 2), expand=False))
        console.print()
    console.print(_sum(files, findings))


def _head(file: File) -> Text:
    text = Text(safe(file.path), "bold")
    if file.problem:
        text.append("  not checked: ", "bold red")
        return text.append(safe(file.problem), "")
    return text.append(f"  judged by {file.judged_by}", "not bold dim")


def _place(finding: Finding) -> str:
    page = f" (page {finding.page})" if finding.page else ""
    return f"{finding.line}:{finding.column}{page}"


def _label(verdict: Verdict) -> str:
    return f"{LOOKS[verdict].symbol} {verdict.value}"


def _note(finding: Finding) -> Text:
    words = f"  {_place(finding):<8} note     {finding.rule}: {safe(finding.text)}"
    return Text(f"{words}  {_label(finding.verdict)}", _STYLES["note"])


def _open(findings: Sequence[Finding]) -> Text:
    """What nothing decides, in a few lines."""
    text = Text(f"{_label(Verdict.NOT_CHECKED)}: ", _STYLES["note"])
    said = (f"{_place(each)} {each.rule} {safe(each.text)}" for each in findings)
    return text.append("; ".join(said))


def _show_one(console: Console, finding: Finding, before: str) -> None:
    """One finding; what was said ``before`` at another place is not said again."""
    head = Text(f"  {_place(finding):<8} ")
    head.append(f"{finding.severity:<8} ", _STYLES[finding.severity])
    head.append(finding.rule, "bold").append(f"  {_label(finding.verdict)}")
    console.print(head)
    repeated = before != _place(finding)
    why = f"As at {before}." if repeated else finding.message
    lines = [_in_its_sentence(finding), Text(safe(why))]
    if finding.suggestion and not repeated:
        lines.append(Text("write: ", "dim").append(safe(finding.suggestion), "not dim green"))
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 11), expand=False))


def _in_its_sentence(finding: Finding) -> Text:
    """The sentence around the words, with the words marked."""
    sentence = finding.sentence
    start = max(sentence.find(finding.text), 0)
    end = start + len(finding.text)
    left, right = sentence[:start], sentence[end:]
    if len(left) > _AROUND:
        left = "…" + left[-_AROUND:].partition(" ")[2]
    if len(right) > _AROUND:
        right = right[:_AROUND].rpartition(" ")[0] + "…"
    text = Text(safe(left), "italic").append(safe(sentence[start:end]), "italic bold underline")
    return text.append(safe(right), "italic")


def _sum(files: Sequence[File], findings: Sequence[Finding]) -> Text:
    counts = counted(findings)
    told = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in counts.items())
    unread = sum(bool(file.problem) for file in files)
    read = len(files) - unread
    text = Text(f"{read} file{'s' * (read != 1)} checked: {told}")
    if unread:
        text.append(f"; {unread} could not be read", "bold red")
    return text
