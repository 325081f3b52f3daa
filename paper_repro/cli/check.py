"""``check``: do the numbers and the words of a manuscript hold?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paper_repro import whole
from paper_repro.cli.options import known
from paper_repro.errors import UserError
from paper_repro.manuscript.finding import Format

if TYPE_CHECKING:
    from paper_repro.manuscript.asked import Asked
    from paper_repro.manuscript.document import Manuscript
    from paper_repro.manuscript.finding import Finding
    from paper_repro.manuscript.formats import File

EXAMPLE = "python -m paper_repro check paper.md"


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Manuscripts: .md .tex .txt .html .docx .pdf"),
    ],
    study: Annotated[
        str,
        typer.Option(
            metavar="STUDY",
            help="auto: the built-in study where a text names it; pitvqa or a study's folder: "
            "always; none: never.",
        ),
    ] = "auto",
    variant: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Judge by this reading of the study. Default: the one a text describes.",
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Judge by what this run measured, where it did."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="BASE", help="Base of a text without a study: a hub name or a folder."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell errors and warnings alone.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put safe words in place of wrong ones, in text files.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Do not tell what this file lists.")
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="List all errors and warnings there, and print no more."),
    ] = None,
) -> None:
    """Check the numbers and the words for a fine-tuning run in manuscripts.

    Exit status: 0 no error, or a baseline was written; 1 errors; 2 a file could not be read.
    """
    from paper_repro.cli.tables import emit, working
    from paper_repro.manuscript import baseline as known_findings
    from paper_repro.manuscript.formats import as_github, as_json, as_sarif

    asked = _asked(study, variant, record, base)
    listed = known_findings.read(baseline) if baseline else None
    if write_baseline:
        whole.can_hold(write_baseline, EXAMPLE)
    with working(f"reading {len(files)} manuscript{'s' * (len(files) != 1)}"):
        read = [_one(path, asked, fix) for path in files]
    told = [file for file, _ in read]
    findings = [
        finding for _, found in read for finding in found if not quiet or finding.severity != "note"
    ]
    if baseline and listed is not None:
        every, findings = len(findings), known_findings.unknown(findings, listed, baseline)
        print(f"Not told: {every - len(findings)} that {baseline} lists.", file=sys.stderr)
    if write_baseline:
        count = known_findings.write(findings, write_baseline)
        print(
            f"{count} findings listed in {write_baseline}. To be told of new ones alone: "
            f"--baseline {write_baseline}",
            file=sys.stderr,
        )
    elif form == "text":
        from paper_repro.cli.check_report import show

        show(told, findings)
    else:
        emit({"json": as_json, "sarif": as_sarif, "github": as_github}[form](told, findings))
    if any(file.problem for file in told):
        raise typer.Exit(2)
    if any(finding.severity == "error" for finding in findings) and not write_baseline:
        raise typer.Exit(1)


def _asked(study: str, variant: str | None, record: Path | None, base: str | None) -> Asked:
    from paper_repro.manuscript.asked import Asked
    from paper_repro.study import BUILT_IN, load_study
    from paper_repro.verify.records import read_run

    folders = {"auto": BUILT_IN, "pitvqa": BUILT_IN}
    if study not in ("auto", "pitvqa", "none") and not Path(study).is_dir():
        raise UserError(
            "This study is not there.",
            expected="auto, pitvqa, none, or a study's folder",
            got=study,
            next_command=EXAMPLE,
        )
    loaded = None if study == "none" else load_study(folders.get(study, Path(study)))
    if loaded is None and (variant or record):
        raise UserError(
            "A variant or a record is one of a study.",
            expected="--study auto, pitvqa or a folder",
            got="--study none",
            next_command=EXAMPLE,
        )
    if variant and record:
        raise UserError(
            "A record says itself of which variant it is.",
            expected="--variant or --record",
            got="both",
            next_command=EXAMPLE,
        )
    if base:
        _check_base(base)
    if loaded is None:
        return Asked(None, base=base)
    if variant:
        known("variant", variant, [each.id for each in loaded.variants], EXAMPLE)
    run = read_run(record, loaded) if record else None
    return Asked(
        loaded,
        always=study != "auto" or bool(variant or record),
        variant=run.variant if run else (loaded.variant(variant) if variant else None),
        base=base,
        record=run.record if run else None,
    )


def _check_base(name: str) -> None:
    """A base that can be counted without building it."""
    from paper_repro.counting import UnknownFamily
    from paper_repro.counting.bases import resolve_base
    from paper_repro.counting.families import architecture_of

    try:
        architecture_of(resolve_base(name)[1])
    except UnknownFamily as error:
        raise UserError(
            "No closed form counts this base.",
            expected="a model of a family such as Qwen2-VL, Llama or Mistral",
            got=f"{name}: {error}",
            next_command=f"python -m paper_repro count {name}",
        ) from None


def _one(path: Path, asked: Asked, fix: bool) -> tuple[File, list[Finding]]:
    """What is found in one file; a file that cannot be read stops none of the others."""
    from paper_repro.manuscript.check import check as check_manuscript
    from paper_repro.manuscript.check import may_matter
    from paper_repro.manuscript.disabled import directives, enabled, unknown
    from paper_repro.manuscript.formats import File
    from paper_repro.manuscript.readers import read
    from paper_repro.manuscript.rule_names import NAMES

    try:
        manuscript = read(path, may_matter)
        found = check_manuscript(manuscript, asked)
        comments = directives(manuscript)
        findings = list(enabled(found.findings, comments))
        if fix and _fix(path, manuscript, findings):
            return _one(path, asked, fix=False)
    except UserError as error:
        return File(str(path), problem=_in_a_sentence(error)), []
    except OSError as error:
        return File(str(path), problem=f"{path} cannot be written: {error.strerror}."), []
    for line, rule in unknown(comments, NAMES):
        print(f"{path}:{line}: no rule is called {rule!r}.", file=sys.stderr)
    return File(str(path), judged_by=found.judged_by), findings


def _in_a_sentence(error: UserError) -> str:
    return f"{error.problem} Expected {error.expected}, got {error.got}. Next: {error.next_command}"


def _fix(path: Path, manuscript: Manuscript, findings: Sequence[Finding]) -> int:
    """Put safe words into a file; how many."""
    from paper_repro.manuscript.fix import swapped

    if not manuscript.editable:
        print(f"{path}: not changed; --fix changes text files in UTF-8 alone.", file=sys.stderr)
        return 0
    text, count = swapped(manuscript.source, findings)
    if count:
        whole.write(text, path)
        print(f"{path}: {count} put right.", file=sys.stderr)
    return count
