"""``bench``: real steps on this machine, timed, and what the run's hours would be here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paper_repro import whole
from paper_repro.cli.options import known, size_of

if TYPE_CHECKING:
    from paper_repro.bench.record import Bench
    from paper_repro.bench.timed import Timed
    from paper_repro.study import Study

EXAMPLE = "python -m paper_repro bench --image 224x224"
TITLES = {
    "notebook": "the notebook's cells, the frozen tower forward alone, as its own pins have it",
    "notebook-today": "the same with it in the backward pass, as today's libraries have it",
    "default": "the package's engine over a base in 16 bits",
}
SECONDS = 30


def bench(
    image: Annotated[
        str, typer.Option(metavar="WxH", help="Size of every frame, in pixels.")
    ] = "224x224",
    variant: Annotated[
        str, typer.Option(metavar="NAME", help="Reading of the document.")
    ] = "stated",
    seconds: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="For the repeated steps of each way, loading apart."),
    ] = SECONDS,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The record, for verify --record.")
    ] = Path("bench.json"),
    json: Annotated[bool, typer.Option("--json", help="Print the record too.")] = False,
) -> None:
    """Time the run's steps on this machine's card: true shape, random weights, no download.

    About three minutes on a fast card, some more on a small one. Says what all steps would take
    here, and what that means for the printed hours. Without a CUDA card the miniature is timed.
    """
    from paper_repro.bench.record import write
    from paper_repro.bench.run import bench as run
    from paper_repro.cli.progress import Drawn
    from paper_repro.study import load_study

    size, study = size_of(image, EXAMPLE), load_study()
    known("variant", variant, [each.id for each in study.variants], EXAMPLE)
    whole.can_hold(out, EXAMPLE)
    drawn = Drawn(quiet=json)
    try:
        found = run(study, study.variant(variant), size, seconds, drawn.doing)
    finally:
        drawn.end()
    write(found, out)
    if json:
        from paper_repro.cli.tables import emit

        emit(out.read_text(encoding="utf-8"))
    else:
        show(study, found, out)


def show(study: Study, found: Bench, out: Path) -> None:
    """Print a bench, and what it means for the claims on hours.

    Args:
        out: where its record is.
    """
    from paper_repro.cli.estimate import trap_table
    from paper_repro.cli.tables import plain_table, print_table, say

    shape = f"{found.base}'s true shape" if found.size == "full" else found.base
    say(
        f"{shape} with random weights, frames of {found.image}, on {found.hardware['name']}: "
        f"{found.samples:,} samples."
    )
    ways = [name for name in TITLES if name in found.ways]
    table = plain_table("", *(f">{name}" for name in ways))
    for name, cells in _rows(found, ways).items():
        table.add_row(name, *cells)
    print_table(table)
    for name, title in TITLES.items():
        say(f"{name}: {title}{'' if name in ways else f'; not timed: {found.failed.get(name)}'}.")
    if found.traps:
        print_table(trap_table(found.traps, "traps of small cards"))
    _verdict(study, out)
    say(f"Written to {out}. Next: python -m paper_repro verify --record {out}")


def _rows(found: Bench, ways: list[str]) -> dict[str, list[str]]:
    from paper_repro.hardware.words import rounded

    timed = [found.ways[name] for name in ways]
    expected = [found.predicted.get(name) for name in ways]
    rows = {
        "hours": [rounded(way.hours) for way in timed],
        "19 times of 20": [f"{rounded(t.hours_low)} – {rounded(t.hours_high)}" for t in timed],
        "estimated": [
            f"{rounded(e.hours_low)} – {rounded(e.hours_high)}" if e else "" for e in expected
        ],
        "seconds a sample": [rounded(way.per_sample) for way in timed],
        "memory at most": [_gib(way.peak_bytes) for way in timed],
        "memory estimated": [_gib(e.memory_bytes) if e else "" for e in expected],
        "kernels a sample": [f"{way.kernels:,}" if way.kernels else "" for way in timed],
        "samples a pass": [_pass(way) for way in timed],
        "times repeated": [str(len(way.seconds)) for way in timed],
    }
    return {name: cells for name, cells in rows.items() if any(cells)}


def _gib(bytes: float) -> str:
    from paper_repro.hardware.estimate import GIB

    return f"{bytes / GIB:.1f} GiB" if bytes else ""


def _pass(way: Timed) -> str:
    return f"{way.samples_a_pass}{', recomputed' if way.checkpointing else ''}"


def _verdict(study: Study, out: Path) -> None:
    """What it means for every claim on hours of the variant that was timed."""
    from paper_repro.cli.tables import say
    from paper_repro.verify.finding import Stage
    from paper_repro.verify.records import read
    from paper_repro.verify.run import load_stage, verify
    from paper_repro.verify.stages.record import reading

    admitted = read(out, study)
    claims = [
        claim.id
        for claim in study.claims
        if claim.quantity == "run.hours" and claim.variant == admitted.variant.id
    ]
    report = verify(
        study,
        (Stage.ARITHMETIC, Stage.RECORD),
        only=claims,
        load=lambda stage: reading([admitted]) if stage is Stage.RECORD else load_stage(stage),
    )
    for claim in report.claims:
        say(f"{claim.id}, “{claim.printed}”: {claim.verdict.value}.")
    for formula in dict.fromkeys(claim.formula for claim in report.claims):
        say(f"{formula[0].upper()}{formula[1:]}.")
