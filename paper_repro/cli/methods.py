"""``methods``: what a paper's methods section may say of a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paper_repro import whole
from paper_repro.cli.options import known
from paper_repro.errors import UserError
from paper_repro.writing.formats import Format
from paper_repro.writing.text import Length

if TYPE_CHECKING:
    from paper_repro.study import Study
    from paper_repro.writing.facts import Facts

EXAMPLE = "python -m paper_repro methods --variant stated"


def methods(
    variant: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Reading of the document that the text is of."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Of this run: its record.json, or its folder."),
    ] = None,
    length: Annotated[Length, typer.Option(help="How much of it.")] = "paragraph",
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = "md",
    bib: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is cited there, as BibTeX.")
    ] = None,
    origins: Annotated[
        Path | None,
        typer.Option(
            "--provenance", metavar="FILE", help="Write where every number is from there, as JSON."
        ),
    ] = None,
) -> None:
    """Write the methods text of a variant or of a run, with numbers derived or measured only.

    With neither, each variant's sentence stands beside the others', with the command that would
    decide between them. An adapter that doctor finds unsound gets no text.
    """
    from paper_repro.cli.tables import emit
    from paper_repro.study import load_study
    from paper_repro.writing.bibliography import cited
    from paper_repro.writing.compose import compose
    from paper_repro.writing.formats import render
    from paper_repro.writing.provenance import provenance

    study = load_study()
    if variant and record:
        raise UserError(
            "A text is of a variant or of a run.",
            expected="--variant or --record",
            got="both",
            next_command=EXAMPLE,
        )
    if not variant and not record:
        if bib or origins or form != "md" or length != "paragraph":
            raise UserError(
                "Without a variant or a run there is no text, only the variants side by side.",
                expected="--variant or --record beside these options",
                got="neither",
                next_command=EXAMPLE,
            )
        _side_by_side(study)
        return
    for place in (bib, origins):
        if place:
            whole.can_hold(place, EXAMPLE)
    facts = _of_run(study, record) if record else _of_variant(study, variant or "")
    text = compose(facts, length)
    if bib:
        whole.write(cited(text.cited), bib)
    if origins:
        said = provenance(study, text, str(record or variant))
        whole.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n", origins)
    emit(render(text, form, parted=length == "supplement"))


def _of_variant(study: Study, name: str) -> Facts:
    from paper_repro.writing.facts import of_variant

    known("variant", name, [each.id for each in study.variants], EXAMPLE)
    return of_variant(study, study.variant(name))


def _of_run(study: Study, path: Path) -> Facts:
    """Of a finished run whose adapter is sound, as far as it is beside its record."""
    from paper_repro.verify.records import read_run
    from paper_repro.writing.facts import of_record

    run = read_run(path, study)
    if (run.path.parent / "adapter").is_dir():
        refuse_unsound(run.path.parent)
    else:
        print(
            "Not checked: whether its adapter is sound; none is beside the record.", file=sys.stderr
        )
    return of_record(study, run.record, str(run.path))


def refuse_unsound(folder: Path) -> None:
    """Refuse to write of a run whose adapter would not load, or would change nothing.

    Raises:
        UserError: it is unsound, or cannot be examined.
    """
    from paper_repro.cli.doctor import of_run
    from paper_repro.cli.tables import working
    from paper_repro.quiet import captured

    with working(f"examining {folder}"), captured():
        from paper_repro.counting.doctor import examine

        found = examine(*of_run(str(folder), None))
    for symptom in found.symptoms:
        if symptom.severity == "unsound":
            raise UserError(
                f"No text is written of an adapter that is unsound. {symptom.what}",
                expected=symptom.expected,
                got=symptom.got,
                next_command=f"python -m paper_repro doctor {folder}",
            )


def _side_by_side(study: Study) -> None:
    from paper_repro.cli.tables import say
    from paper_repro.writing.compose import compose
    from paper_repro.writing.facts import of_variant
    from paper_repro.writing.formats import words_of

    say("The document can be read in these ways, and each has another count:")
    for variant in study.variants:
        say("")
        say(f"{variant.id}: {variant.title}", "bold")
        say(words_of(compose(of_variant(study, variant), "sentence")))
    hubs = dict.fromkeys(study.stack(variant)[-1].hub for variant in study.variants)
    say("")
    say("The published adapter would decide:")
    for hub in hubs:
        say(f"python -m paper_repro doctor {hub}")
