"""``card``: the model card of a trained adapter."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paper_repro import whole
from paper_repro.errors import UserError

if TYPE_CHECKING:
    from paper_repro.training.record import Record

EXAMPLE = "python -m paper_repro card --record ./my-run"
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_REPOSITORY = re.compile(r"[\w][\w.-]*/[\w][\w.-]*", re.ASCII)


def card(
    record: Annotated[
        Path,
        typer.Option(metavar="RUN", help="A finished run of Level 2: its folder, or record.json."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there. Default: print it."),
    ] = None,
    repository: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where the adapter is on the hub, or will be: the code then loads it from there. "
            "Default: the code loads the run's own folder.",
        ),
    ] = "",
    licence: Annotated[
        str,
        typer.Option(
            "--license",
            metavar="ID",
            help="Licence of the adapter, as the hub spells it, such as apache-2.0. Default: not "
            "recorded, because no record says it.",
        ),
    ] = "",
) -> None:
    """Write the model card of a run's adapter: what it is, how to load it, how it was trained.

    Numbers are the record's, or counted again. An adapter that doctor finds unsound gets no card.
    Evaluations beside the run become part of it.
    """
    from paper_repro.cli.methods import refuse_unsound
    from paper_repro.cli.tables import emit
    from paper_repro.study import load_study
    from paper_repro.verify.records import read_run
    from paper_repro.writing.card import card as card_of
    from paper_repro.writing.card import trained

    _check(repository, licence)
    if out:
        whole.can_hold(out, EXAMPLE)
    study = load_study()
    run = read_run(record, study)
    of = trained(study, run, repository, licence)
    refuse_unsound(run.path.parent)
    text = card_of(of)
    if out is None:
        emit(text)
        return
    whole.write(text, out)
    emit(f"Written: {out}\n")
    if not repository:
        print(f"Its code loads {of.adapter}; --repository names the hub's.", file=sys.stderr)


def leave(record: Record, folder: Path) -> None:
    """Beside a trained adapter of the last level, where PEFT leaves a form to fill in.

    The run has finished, whatever becomes of its card: what stands in its way is said.
    """
    from paper_repro.study import Procedure, load_study
    from paper_repro.training.saving import ADAPTER, CARD
    from paper_repro.verify.records import LEVEL, read_run
    from paper_repro.writing.card import card as card_of
    from paper_repro.writing.card import trained

    last = record.status == "finished" and record.settings.get("level") == LEVEL
    if not last or record.procedure == Procedure.SECOND_WRAP:
        return
    study = load_study()
    try:
        text = card_of(trained(study, read_run(folder, study)))
        whole.write(text, folder / ADAPTER / CARD)
    except (UserError, OSError) as error:
        print(f"No card was written beside the adapter. {error}", file=sys.stderr)


def _check(repository: str, licence: str) -> None:
    """Refuse what the hub would, before anything is read.

    Raises:
        UserError: it is no name of a repository, or not how the hub writes a licence.
    """
    if repository and not _REPOSITORY.fullmatch(repository):
        raise UserError(
            "This is no name of a repository on the hub.",
            expected="OWNER/NAME",
            got=repository,
            next_command=f"{EXAMPLE} --repository someone/my-adapter",
        )
    if licence and not _LICENCE.fullmatch(licence):
        raise UserError(
            "The hub does not spell a licence so.",
            expected="small letters, digits and hyphens, such as apache-2.0 or cc-by-nc-nd-4.0",
            got=licence,
            next_command="https://huggingface.co/docs/hub/repositories-licenses lists them",
        )
