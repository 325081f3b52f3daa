"""``estimate``: hours and memory of the study's run on a card, from the architecture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from paper_repro.hardware.estimate import Estimate
    from paper_repro.hardware.gpus import Gpu
    from paper_repro.study import Study, Variant

EXAMPLE = "python -m paper_repro estimate --gpu t4 --image 224x224"
SWEEP = "python -m paper_repro estimate --gpu t4 --sweep image --figure hours.svg"


def estimate(
    gpu: Annotated[
        str | None,
        typer.Option(help="Card: t4, l4, v100, rtx4090, a10, a100, h100, h200."),
    ] = None,
    image: Annotated[
        str, typer.Option(metavar="WxH", help="Size of every frame, in pixels.")
    ] = "224x224",
    variant: Annotated[str, typer.Option(help="Reading of the paper.")] = "stated",
    engine: Annotated[
        str | None,
        typer.Option(
            help="default (the package's), notebook (its cells with their pins), notebook-today "
            "(with today's libraries). Without it all are shown; with --json: default."
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
        Path | None, typer.Option(help="With --sweep or --compare: draw it too, .svg or .png.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate hours, memory and FLOP of the paper's run, without a card and without torch."""
    from paper_repro.hardware.estimate import estimate as run
    from paper_repro.hardware.gpus import gpus
    from paper_repro.hardware.ways import WAYS
    from paper_repro.study import load_study

    size, study = _size(image), load_study()
    _known("variant", variant, {each.id: each for each in study.variants})
    if together:
        from paper_repro.cli.compare import compare, refuse_other

        refuse_other({"--gpu": gpu, "--engine": engine, "--sweep": over})
        compare(study, study.variant(variant), figure, json)
        return
    gpu = _known("card", gpu, gpus())
    asked = [engine] if engine else ["default"] if json else list(WAYS)
    _known("engine", asked[0], WAYS)
    if over:
        _sweep(study, study.variant(variant), gpus()[gpu], engine, figure, json)
        return
    found = [run(study, study.variant(variant), gpus()[gpu], size, way) for way in asked]
    if json:
        from paper_repro.cli.tables import print_json

        print_json({"variant": variant, **found[0].to_dict()})
    else:
        _show(found)


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
            say(f"{way}: the paper's hours are {words}.")


def check_ending(figure: Path, next_command: str) -> None:
    """A figure is a file of a kind that is drawn.

    Args:
        next_command: one that draws it.

    Raises:
        UserError: it is of another kind.
    """
    if figure.suffix not in (".svg", ".png"):
        raise UserError(
            "A figure of this kind is not drawn.",
            expected="a name that ends in .svg or .png",
            got=str(figure),
            next_command=next_command,
        )


def _hours(one: Estimate) -> str:
    return f"{float(one.hours.low or 0):.2g} – {float(one.hours.high or 0):.2g}"


def _known(what: str, name: str | None, names: Iterable[str]) -> str:
    choices = list(names)
    if name is None or name not in choices:
        raise UserError(
            f"This {what} is not known." if name else f"No {what} is named.",
            expected=", ".join(choices),
            got=name or "none",
            next_command=EXAMPLE,
        )
    return name


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d{1,4})[x×]([1-9]\d{1,4})", text)
    if not match:
        raise UserError(
            "The size of a frame cannot be read.",
            expected="width and height in pixels, such as 224x224, from 10 to 99999",
            got=text,
            next_command=EXAMPLE,
        )
    return int(match[1]), int(match[2])


def _show(found: list[Estimate]) -> None:
    from paper_repro.cli.tables import plain_table, print_table, say
    from paper_repro.hardware.estimate import CHECKED, GIB

    first = found[0]
    say(
        f"{first.passes:,} samples with a frame of {first.size[0]} × {first.size[1]} on an "
        f"{first.card.name}; nobody ran it."
    )
    table = plain_table("", *(f">{each.way}" for each in found))
    rows = {
        "hours": [_hours(one) for one in found],
        "bound by": [e.seconds.bound_by for e in found],
        "memory": [f"{sum(e.memory.values()) / GIB:.1f} GiB" for e in found],
        "does it fit": ["yes" if e.fits else "no" for e in found],
        "samples a pass": [_pass(e) for e in found],
        "TFLOP a sample": [f"{sum(e.flops.values()) / 1e12:.3g}" for e in found],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    print_table(table)
    for each in found:
        say(f"{each.way}: {each.how.title}; {CHECKED[each.way]}.")
    if any(each.seconds.bound_by == "launches" for each in found):
        say(
            "Where launches decide, the host does, and hosts differ: "
            "only a timed run on that machine settles it."
        )
    say(f"Card: {first.card.source}.", "dim")


def _pass(one: Estimate) -> str:
    return f"{one.batch}{', recomputed' if one.how.checkpointing else ''}"
