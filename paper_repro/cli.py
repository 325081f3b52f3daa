"""The command line: parsing and printing only. Everything heavy is imported inside a command."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from paper_repro import __version__
from paper_repro.errors import UserError

INTERRUPTED = 130
app = typer.Typer(
    name="paper_repro",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Re-derive, judge and re-run the training claims of a fine-tuning paper.",
    epilog="Start with: python -m paper_repro verify",
)


class StageOption(StrEnum):
    """Stages, as ``--stage`` takes them."""

    arithmetic = "arithmetic"
    instantiate = "instantiate"
    train = "train"
    gpu = "gpu"
    hub = "hub"


class ReportFormat(StrEnum):
    """What ``verify`` prints."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"


class SchemaName(StrEnum):
    """The published JSON Schemas."""

    study = "study"
    report = "report"


def main() -> None:
    """Run the command line; user errors end with status 2, an interrupt with 130."""
    try:
        app()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted. Nothing was left half-written.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Examples:  verify  |  verify --stage arithmetic  |  verify --only L2.trainable.count  |  "
    "verify --format html --output report.html"
)
def verify(
    study: Annotated[
        Path | None, typer.Option(help="Folder of another study; default: the built-in one.")
    ] = None,
    stage: Annotated[
        list[StageOption] | None,
        typer.Option(help="Run this stage (repeatable). Default: arithmetic, instantiate, train."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Check this claim alone (repeatable).")
    ] = None,
    format: Annotated[ReportFormat, typer.Option(help="Form of the report.")] = ReportFormat.text,
    output: Annotated[
        Path | None, typer.Option(help="Write the report there instead of printing it.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when any claim is contradicted.")
    ] = False,
) -> None:
    """Check every claim of the study and say which stand.

    Exit status: 0 every selected check ran and each verdict is the one reviewed; 1 a verdict
    differs or a check failed; 2 it could not run; 3 (with --strict) a claim is contradicted.
    """
    from paper_repro.study import BUILT_IN, load_study
    from paper_repro.verify.finding import DEFAULT_STAGES, Stage
    from paper_repro.verify.report import render, watch, write
    from paper_repro.verify.run import exit_code
    from paper_repro.verify.run import verify as run

    loaded = load_study(study or BUILT_IN)
    stages = [Stage(name) for name in stage] if stage else list(DEFAULT_STAGES)
    to_screen = format is ReportFormat.text and output is None
    with watch(to_screen) as watcher:
        report = run(loaded, stages, only=only or (), folder=study, watcher=watcher)
    text = render(report, format.value, full=bool(only))
    if output is None:
        print(text, end="")
    else:
        write(text, output)
        print(f"{report.closing}\nWritten to {output}")
    raise typer.Exit(exit_code(report, strict=strict))


@app.command(
    epilog="Example:  count Qwen/Qwen2-VL-2B-Instruct --lora r=16,targets=q_proj+k_proj+v_proj+o_proj"
)
def count(
    base: Annotated[
        str, typer.Argument(help="Hub name, or a folder with config.json; no weights are needed.")
    ],
    lora: Annotated[
        list[str] | None,
        typer.Option(help="r=16,targets=q_proj+v_proj[,frozen] (repeatable); targets=all-linear."),
    ] = None,
    quantize: Annotated[
        str | None, typer.Option(help="nf4: say what a naive sum of 4-bit storage prints.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count base, adapter and trainable parameters of any transformers model."""


@app.command(epilog="Examples:  explain 18M  |  explain 18M --percent 0.9  |  explain 32M --json")
def explain(
    printed: Annotated[str, typer.Argument(help="The count as printed, such as 18M.")],
    percent: Annotated[
        str | None, typer.Option(help="The percentage printed beside it, such as 0.9.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Hub name, or a folder with config.json.")
    ] = "Qwen/Qwen2-VL-2B-Instruct",
    study: Annotated[
        Path | None, typer.Option(help="Study whose stacks are tried too; default: built in.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every rank, set of modules and denominator whose value prints so."""


@app.command(epilog="Example:  doctor ./pitvqa-qwen2vl-spatial-final")
def doctor(
    adapter: Annotated[str, typer.Argument(help="Folder or hub name of a saved adapter.")],
    base: Annotated[
        str | None,
        typer.Option(help="Base to load it onto; default: the one that the adapter names."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a saved adapter loads, onto what, and whether it would change any output.

    Exit status: 0 sound, 1 unsound, 2 unreadable.
    """


@app.command(epilog="Example:  schema study > study.schema.json")
def schema(
    name: Annotated[SchemaName, typer.Argument(help="Which schema.")],
) -> None:
    """Print the JSON Schema of a study's data or of verify's JSON."""
    from paper_repro.verify.report.json import schema as report_schema
    from paper_repro.verify.report.json import study_schema

    print(study_schema() if name is SchemaName.study else report_schema(), end="")
