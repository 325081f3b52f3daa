"""``verify``: check the claims of a study."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from paper_repro import whole


class StageOption(StrEnum):
    """Stages, as ``--stage`` takes them."""

    arithmetic = "arithmetic"
    instantiate = "instantiate"
    train = "train"
    gpu = "gpu"
    hub = "hub"


class ReportFormat(StrEnum):
    """Forms of the report, as ``--format`` takes them."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"


_ENDINGS = {
    ".json": ReportFormat.json,
    ".md": ReportFormat.markdown,
    ".html": ReportFormat.html,
}


def verify(
    study: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of another study. Default: the built-in one."),
    ] = None,
    stage: Annotated[
        list[StageOption] | None,
        typer.Option(
            metavar="STAGE",
            help="Run this stage: arithmetic, instantiate, train, gpu or hub; repeatable. "
            "Default: the first three.",
        ),
    ] = None,
    record: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Lay claims beside what a run or a bench measured: its record, or the run's "
            "folder; repeatable.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Check this claim alone, or those such as 'L2.hours*'; repeatable."
        ),
    ] = None,
    format: Annotated[
        ReportFormat | None,
        typer.Option(help="Form of the report. Default: by the ending of --output, else text."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report there instead of printing it."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when any claim is contradicted.")
    ] = False,
) -> None:
    """Check every claim of the study and say which stand.

    Exit status: 0 every selected check ran and each verdict is the one reviewed; 1 a verdict
    differs or a check failed; 2 a stage could not run, or nothing was checked; with --strict, 3
    when a claim is contradicted.
    """
    from paper_repro.cli.tables import emit
    from paper_repro.study import BUILT_IN, load_study
    from paper_repro.verify.finding import DEFAULT_STAGES, Stage
    from paper_repro.verify.records import read
    from paper_repro.verify.report import render, show, watch, write
    from paper_repro.verify.run import exit_code, load_stage
    from paper_repro.verify.run import verify as run
    from paper_repro.verify.stages.record import reading

    if output is not None:
        whole.can_hold(output, f"python -m paper_repro verify --output {output.name}")
        format = format or _ENDINGS.get(output.suffix)
    format = format or ReportFormat.text
    loaded = load_study(study or BUILT_IN)
    runs = [read(path, loaded) for path in record or ()]
    stages = [Stage(name) for name in stage] if stage else [*DEFAULT_STAGES]
    stages += [Stage.RECORD] if runs else []
    if Stage.HUB not in stages:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    on_screen = format is ReportFormat.text and output is None
    with watch(on_screen) as watcher:
        report = run(
            loaded,
            stages,
            only=only or (),
            folder=study,
            watcher=watcher,
            strict=strict,
            load=lambda name: reading(runs) if name is Stage.RECORD else load_stage(name),
        )
    if on_screen:
        show(report, full=bool(only))
    elif output is None:
        emit(render(report, format.value))
    else:
        write(render(report, format.value, full=bool(only)), output)
        print(f"{report.closing}\nWritten to {output}", file=sys.stderr)
    raise typer.Exit(exit_code(report, strict=strict))
