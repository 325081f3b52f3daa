"""``estimate``: hours and memory of the study's run on a card, from the architecture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from paper_repro.cli.options import check_ending, known, size_of
from paper_repro.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from paper_repro.hardware.estimate import Estimate
    from paper_repro.hardware.gpus import Gpu
    from paper_repro.hardware.traps import Trap
    from paper_repro.study import Study, Variant

EXAMPLE = "python -m paper_repro estimate --gpu t4 --image 224x224"
SIZE = "224x224"
SWEEP = "python -m paper_repro estimate --gpu t4 --sweep image --figure hours.svg"


def estimate(
    gpu: Annotated[
        str | None,
        typer.Option(metavar="CARD", help="Card: t4, l4, v100, rtx4090, a10, a100, h100, h200."),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Size of every frame, in pixels. Default: 224x224."),
    ] = None,
    variant: Annotated[
        str, typer.Option(metavar="NAME", help="Reading of the document.")
    ] = "stated",
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="default (the package's), notebook (its cells with their pins), notebook-fp16 "
            "(in float16), notebook-today (with today's libraries). Without it all are shown; "
            "with --json: default.",
        ),
    ] = None,
    over: Annotated[
        Literal["image"] | None,
        typer.Option("--sweep", help="image: hours against the size of square frames."),
    ] = None,
    together: Annotated[
        bool,
        typer.Option(
            "--compare", help="Pre-training, full fine-tuning and LoRA beside one another."
        ),
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --sweep or --compare: draw it too, .svg or .png."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate hours, memory and FLOP of the paper's run, without a card and without torch."""
    from paper_repro.hardware.estimate import estimate as run
    from paper_repro.hardware.gpus import gpus
    from paper_repro.hardware.ways import WAYS
    from paper_repro.study import load_study

    study = load_study()
    known("variant", variant, [each.id for each in study.variants], EXAMPLE)
    if together:
        from paper_repro.cli.compare import compare, refuse_other

        refuse_other({"--gpu": gpu, "--engine": engine, "--sweep": over, "--image": image})
        compare(study, study.variant(variant), figure, json)
        return
    gpu = known("card", gpu, gpus(), EXAMPLE)
    asked = (
        [known("engine", engine or "default", WAYS, EXAMPLE)]
        if engine or json
        else _ways(gpus()[gpu])
    )
    if over and image:
        raise UserError(
            "A sweep goes over sizes of its own.",
            expected="--sweep image, or --image",
            got="both",
            next_command=SWEEP,
        )
    if over:
        _sweep(study, study.variant(variant), gpus()[gpu], engine, figure, json)
        return
    if figure:
        raise UserError(
            "There is nothing to draw of one size.",
            expected="--figure with --sweep image or --compare",
            got=f"--figure {figure}",
            next_command=SWEEP,
        )
    size = size_of(image or SIZE, EXAMPLE)
    found = [run(study, study.variant(variant), gpus()[gpu], size, way) for way in asked]
    if json:
        from paper_repro.cli.tables import print_json
        from paper_repro.hardware.calibration import calibration

        checked = {"calibration": calibration(asked[0])._asdict()}
        print_json({"variant": variant, **found[0].to_dict(), **checked})
    else:
        _show(study, study.variant(variant), found)


def _ways(card: Gpu) -> list[str]:
    """Those that differ on a card: where it has units for bfloat16, float16 is no faster."""
    from paper_repro.hardware.ways import WAYS

    return [name for name in WAYS if not (card.bf16 and name == "notebook-fp16")]


def _sweep(
    study: Study, variant: Variant, card: Gpu, engine: str | None, figure: Path | None, json: bool
) -> None:
    from paper_repro.cli.tables import plain_table, print_json, print_table, say
    from paper_repro.hardware import sweep

    ways = [engine] if engine else sweep.ways(card)
    found = {way: sweep.sweep(study, variant, card, way) for way in ways}
    printed = sweep.printed_hours(study)
    if figure:
        check_ending(figure, SWEEP)
        sweep.draw(found, printed, figure)
    if json:
        print_json({way: [one.to_dict() for one in each] for way, each in found.items()})
        return
    table = plain_table(">side, pixels", *(f">{way}, hours" for way in ways))
    for row in zip(*found.values(), strict=True):
        table.add_row(str(row[0].size[0]), *map(_hours, row))
    print_table(table)
    for way, each in found.items():
        if host := sweep.by_host(each):
            say(f"{way}: launches decide up to {host[-1].size[0]}, so the host does.")
    if printed is not None:
        for way, each in found.items():
            sides = [str(one.size[0]) for one in sweep.agreeing(each, printed)]
            words = f"possible at {', '.join(sides)}" if sides else "out of reach at all of these"
            say(f"{way}: the printed hours are {words}.")


def _hours(one: Estimate) -> str:
    from paper_repro.hardware.words import span

    return span(one.hours)


def _show(study: Study, variant: Variant, found: list[Estimate]) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.hardware.gpus import gpus
    from paper_repro.hardware.sweep import agreeing, printed_hours
    from paper_repro.hardware.traps import predicted
    from paper_repro.hardware.words import span

    first = found[0]
    say(
        f"{first.passes:,} samples with a frame of {first.size[0]} × {first.size[1]} on an "
        f"{first.card.name}; nobody ran it."
    )
    table = plain_table("", *(f">{each.way}" for each in found))
    for name, cells in _rows(found).items():
        table.add_row(name, *cells)
    named = first.card is gpus()[variant.settings.card]
    if named and (printed := printed_hours(study)):
        possible = agreeing(found, printed)
        cells = ["possible" if each in possible else "no" for each in found]
        table.add_row(f"printed {span(printed)} h", *cells)
    print_table(table)
    for each in found:
        say(f"{each.way}: {each.how.title}.")
    units = "" if first.card.bf16 else ", which have units for bfloat16"
    say(f"÷ measured: the middle of an estimate over the same steps on {_cards(found)}{units}.")
    if any(each.seconds.bound_by == "launches" for each in found):
        say("Where launches decide, the host does: only a timed run on that machine settles it.")
    traps = predicted(study, variant, first.card, first.size)
    print_table(trap_table(traps, "traps, with today's libraries"))
    say(f"Card: {first.card.source}.", "dim")


def _rows(found: list[Estimate]) -> dict[str, list[str]]:
    from paper_repro.hardware.calibration import calibration
    from paper_repro.hardware.estimate import GIB

    checks = [calibration(each.way) for each in found]
    return {
        "hours": [_hours(one) for one in found],
        "bound by": [e.seconds.bound_by for e in found],
        "memory": [f"{sum(e.memory.values()) / GIB:.1f} GiB" for e in found],
        "does it fit": ["yes" if e.fits else "no" for e in found],
        "samples a pass": [_pass(e) for e in found],
        "TFLOP a sample": [f"{sum(e.flops.values()) / 1e12:.3g}" for e in found],
        "time ÷ measured": ["{:.2f} – {:.2f}".format(*check.time) for check in checks],
        "memory ÷ measured": ["{:.2f} – {:.2f}".format(*check.memory) for check in checks],
    }


def _cards(found: list[Estimate]) -> str:
    from paper_repro.hardware.calibration import calibration

    cards = [card for each in found for card in calibration(each.way).cards]
    return " and ".join(dict.fromkeys(cards))


def trap_table(traps: Iterable[Trap], title: str) -> Table:
    """A row for each."""
    from paper_repro.cli.tables import plain_table

    table = plain_table(title, "here", "")
    for trap in traps:
        table.add_row(trap.name, "yes" if trap.here else "no", trap.why)
    return table


def _pass(one: Estimate) -> str:
    return f"{one.batch}{', recomputed' if one.how.checkpointing else ''}"
