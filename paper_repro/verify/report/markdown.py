"""The report in Markdown, for GitHub and for the site's generated claims page.

Every claim has a permanent anchor, its id: ``claims.md#L2.trainable.count``. Quotes stand word
for word: prose escaped in a block quote, code and drawings in a fence. The escapes work in
CommonMark, in GitHub's tables and in Python-Markdown alike, so special characters that one of
them leaves alone become character references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from paper_repro.verify.report.style import LOOKS, counted, labelled
from paper_repro.verify.report.wording import (
    asked,
    by_level,
    figure,
    found,
    is_verbatim,
    level_title,
    reconciliation,
    shorten,
    spans,
    stated,
)
from paper_repro.verify.result import ClaimResult, Report

_SLASHED = re.compile(r"([\\`*_{}\[\]#])")
_LIST = re.compile(r"^(\s*\d*)([-+.)])")
_REFERENCES = {ord(character): f"&#{ord(character)};" for character in "|<>~$^"}
QUOTE_LENGTH = 90
"""The most characters of a quote in a table; its section has the whole."""


def to_markdown(report: Report) -> str:
    """The whole report: summary, a table a level, a section a claim."""
    blocks = [
        f"# {escape(report.title)}",
        f"{len(report.claims)} claims of *{escape(report.document)}*, "
        "each laid beside its evidence.",
        table(("verdict", "claims"), ((labelled(v), str(n)) for v, n in counted(report.summary))),
        f"**{escape(report.closing)}.**",
    ]
    for level, claims in by_level(report):
        blocks += [f"## {escape(level_title(report, level))}", overview(claims)]
        for claim in claims:
            blocks += claim_section(claim)
    return "\n\n".join([*blocks, *_stages(report), *_meanings(), *_origin(report)]) + "\n"


def overview(claims: Iterable[ClaimResult]) -> str:
    """A table of claims, each linked to its section."""
    rows = (
        (
            f"[{escape(claim.id)}](#{claim.id})",
            f"“{escape(shorten(claim.quote, QUOTE_LENGTH, claim.printed or ''))}”"
            if claim.quote
            else escape(figure(claim)),
            escape(stated(claim)),
            escape(found(claim)),
            labelled(claim.verdict),
            claim.evidence or "–",
        )
        for claim in claims
    )
    return table(("claim", "quote", "printed", "found", "verdict", "evidence"), rows)


def claim_section(claim: ClaimResult) -> Iterator[str]:
    """The blocks of one claim's section."""
    yield f'<a id="{claim.id}"></a>'
    yield f"### {escape(claim.id)}"
    yield quotation(claim.quote) if claim.quote else f"{escape(figure(claim)).capitalize()}."
    yield f"{'In' if claim.quote else 'Reported in'} *{escape(claim.place)}*."
    yield f"**{labelled(claim.verdict)}**" + (f" (reviewed: {claim.reviewed})" * claim.changed)
    yield "\n".join(f"- {name}: {text}" for name, text in _facts(claim) if text)
    if claim.explanation:
        yield prose(claim.explanation)
    if claim.by_variant:
        rows = (
            (escape(name), escape(of.found_text), code(of.formula), labelled(of.verdict))
            for name, of in claim.by_variant.items()
        )
        yield table(("variant", "found", "formula", "verdict there"), rows)
    yield fence(claim.command, "sh")


def _facts(claim: ClaimResult) -> list[tuple[str, str]]:
    by = f" ({', '.join(claim.stages)})" if claim.stages else ""
    formula = f": {code(claim.formula)}" if claim.formula else ""
    return [
        ("asked", escape(asked(claim))),
        ("printed" if claim.printed is not None else "stated", escape(stated(claim))),
        ("found", escape(found(claim)) + formula),
        ("evidence", escape(claim.evidence + by)),
        ("not known because", escape(claim.reason)),
        ("judged at variant", escape(claim.variant)),
        ("would hold for", escape(reconciliation(claim))),
        ("matters because", prose(claim.consequence)),
    ]


def _stages(report: Report) -> Iterator[str]:
    yield "## How the evidence was gathered"
    rows = (
        (stage.name, escape(_status(stage.status, stage.reason)), code(stage.command))
        for stage in report.stages
    )
    yield table(("stage", "status", "command"), rows)


def _status(status: str, reason: str) -> str:
    return f"{status}: {reason}" if reason and status in ("unavailable", "failed") else status


def _meanings() -> Iterator[str]:
    yield "## What the verdicts mean"
    yield "\n".join(f"- **{labelled(verdict)}**: {look.meaning}" for verdict, look in LOOKS.items())


def _origin(report: Report) -> Iterator[str]:
    yield (
        f"Drawn by paper-repro {escape(report.package)} from the study {code(report.study)}. "
        f"Document SHA-256 {code(report.document_sha256)}."
    )
    if report.run:
        run = " · ".join(f"{name} {value}" for name, value in sorted(report.run.items()))
        yield f"This run: {escape(run)}."


def quotation(quote: str) -> str:
    """A quote word for word: a fence where its spaces matter, else a block quote."""
    return fence(quote, "text") if is_verbatim(quote) else f"> “{escape(quote)}”"


def fence(text: str, language: str) -> str:
    """A fenced block, with more backticks than the text has in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], numbers: int = 0) -> str:
    """A table in GitHub's form; cells are Markdown of one line without bare pipes.

    Args:
        numbers: how many of the last columns hold numbers, which are set to the right.
    """
    rule = ("---",) * (len(head) - numbers) + ("--:",) * numbers
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def prose(text: str) -> str:
    """Prose whose `code` spans stay code and whose other characters mean themselves."""
    return "".join(code(piece) if is_code else escape(piece) for piece, is_code in spans(text))


def code(text: str) -> str:
    """A code span, or escaped text where a pipe or backtick would break it."""
    line = " ".join(text.split())
    return f"`{line}`" if line and not re.search(r"[|`]", line) else escape(line)


def escape(text: str) -> str:
    """Text in which no character is Markdown, on one line."""
    line = re.sub(r"\s*\n\s*", " ", text).replace("&", "&amp;")
    slashed = _LIST.sub(r"\1\\\2", _SLASHED.sub(r"\\\1", line))
    return slashed.translate(_REFERENCES)
