"""The command line: parsing and printing only. Everything heavy is imported inside a command.

``app`` is the Typer application, one module a command; ``main()`` runs it and turns user errors
into status 2 and an interrupt into 130. Output that nobody takes (a closed pipe, a full disk) is
status 2 as well: 1 says that a verdict differs.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from paper_repro import __version__
from paper_repro.cli.bench import bench
from paper_repro.cli.card import card
from paper_repro.cli.check import check
from paper_repro.cli.count import count
from paper_repro.cli.doctor import doctor
from paper_repro.cli.estimate import estimate
from paper_repro.cli.evaluate import evaluate
from paper_repro.cli.explain import explain
from paper_repro.cli.methods import methods
from paper_repro.cli.predict import predict
from paper_repro.cli.schema import schema
from paper_repro.cli.train import train
from paper_repro.cli.verify import verify
from paper_repro.errors import UserError

UNREADABLE = 2
INTERRUPTED = 130


class _Commands(TyperGroup):
    """The commands, with this package's words and status for what stops any of them."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()
            raise typer.Exit(UNREADABLE) from None
        except ImportError as error:
            raise UserError(
                "This needs a library that cannot be imported here.",
                expected="torch, transformers, peft and bitsandbytes, as paper-repro asks for them",
                got=str(error),
                next_command="pip install paper-repro",
            ) from None
        except OSError as error:
            _drop_output()
            raise UserError(
                "The command stopped because something could not be read or written.",
                expected="a disk with room, and standard output that can be written",
                got=str(error),
                next_command="df -h .",
            ) from None


def _drop_output() -> None:
    """Send what is still buffered nowhere, so that Python's exit does not fail over it again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=_Commands,
    name="paper_repro",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Re-derive, judge and re-run the training claims of a fine-tuning paper.",
    epilog="Start with: python -m paper_repro verify",
)


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


def _examples(*lines: str) -> str:
    """An epilog of examples, one a line; the backspace keeps the lines apart."""
    return "\n".join(["\b", "Examples:", *(f"  python -m paper_repro {line}" for line in lines)])


app.command(
    epilog=_examples(
        "verify",
        "verify --stage arithmetic",
        "verify --only L2.trainable.count",
        "verify --format html --output report.html",
    )
)(verify)
app.command(
    epilog=_examples(
        "count Qwen/Qwen2-VL-2B-Instruct --lora r=16,targets=q_proj+v_proj",
        "count ./my-model --lora r=8,targets=all-linear --quantize nf4",
    )
)(count)
app.command(epilog=_examples("explain 18M", "explain 18M --percent 0.9", "explain 32M --json"))(
    explain
)
app.command(epilog=_examples("doctor ./my-adapter", "doctor ./my-adapter --base ./my-base"))(doctor)
app.command(
    epilog=_examples(
        "estimate --gpu t4 --image 224x224",
        "estimate --gpu t4 --image 1280x720 --engine notebook --json",
        "estimate --gpu t4 --sweep image",
    )
)(estimate)
app.command(
    epilog=_examples(
        "bench",
        "bench --image 1280x720 --out ./my-bench.json",
        "verify --record ./my-bench.json",
    )
)(bench)
app.command(
    epilog=_examples(
        "train 2",
        "train 2 --variant seven-modules --out ./seven",
        "train 2 --size full --show-settings",
        "train --resume ./my-run",
    )
)(train)
app.command(
    epilog=_examples(
        'predict ./my-frame.png "Point to the suction device"',
        'predict ./my-frame.png "Point to the suction device" --out overlay.png',
        'predict ./my-frame.png "Which phase is this?" --adapter ./my-run --json',
    )
)(predict)
app.command(
    epilog=_examples(
        "evaluate ./my-run",
        "evaluate ./my-run --split train --limit 100",
        "evaluate --predictions ./my-answers.jsonl --json",
    )
)(evaluate)
app.command(
    epilog=_examples(
        "methods",
        "methods --variant stated --length sentence --format tex",
        "methods --variant stated --bib ./my-refs.bib --provenance ./my-numbers.json",
        "methods --record ./my-run --length supplement",
    )
)(methods)
app.command(
    epilog=_examples(
        "card --record ./my-run",
        "card --record ./my-run --repository someone/my-adapter --out ./my-run/adapter/README.md",
    )
)(card)
app.command(
    epilog=_examples(
        "check ./my-paper.tex ./my-supplement.docx",
        "check ./my-paper.md --fix",
        "check ./my-thesis.tex --study none --base meta-llama/Llama-3.2-1B",
        "check ./my-paper.md --format sarif > ./my-findings.sarif",
    )
)(check)
app.command(epilog=_examples("schema study > study.schema.json"))(schema)


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="python -m paper_repro")
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(UNREADABLE)
