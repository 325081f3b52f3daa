"""For which frames the printed hours are possible: the estimate over sizes of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paper_repro.hardware.estimate import Estimate, estimate
from paper_repro.hardware.gpus import Gpu, gpus
from paper_repro.hardware.sweep import (
    CLAIM,
    agreeing,
    by_host,
    draw,
    printed_hours,
    sweep,
    ways,
)
from paper_repro.hardware.words import span
from paper_repro.judging import Interval
from paper_repro.site.drawn import drawn
from paper_repro.study import Study, Variant
from paper_repro.verify.report.markdown import escape, table

LABEL = "Hours against the size of frames, beside those that the document prints"
ENGINE = "default"


def hours_part(study: Study) -> str:
    """Figure, what it comes to, and a table, of the first variant on the card that it names."""
    variant, printed = study.variants[0], printed_hours(study)
    card = gpus()[variant.settings.card]
    found = {way: sweep(study, variant, card, way) for way in ways(card)}
    named = {
        way: [estimate(study, variant, card, size, way) for size in variant.settings.image_sizes]
        for way in found
    }
    figure = drawn(lambda path: draw(found, printed, path), LABEL)
    said = [" ".join(_of(way, card, found[way], named[way], printed)) for way in found]
    if printed is not None:
        said.append(" ".join(_meaning(variant, named, printed)))
    head = ("a square frame of", *(f"{way}, hours" for way in found))
    rows = [(_frame(row[0]), *map(_hours, row)) for row in zip(*found.values(), strict=True)]
    return "\n\n".join([figure, *said, table(head, rows)])


def _of(
    way: str,
    card: Gpu,
    found: Sequence[Estimate],
    named: Sequence[Estimate],
    printed: Interval | None,
) -> Iterator[str]:
    """Sentences on one way: hours, who decides, where the printed ones are possible."""
    hours = " and ".join(f"{_hours(one)} hours with frames of {_frame(one)}" for one in named)
    yield f"{_lead(way, card)} the run takes {hours}."
    host = by_host(found)
    if host:
        yield f"The host decides up to {_frame(host[-1])} pixels, and the card beyond that."
    if printed is not None:
        yield _possible(found, agreeing(found, printed))


def _lead(way: str, card: Gpu) -> str:
    if way == ENGINE:
        return "**By the package's engine**"
    if way != "notebook":
        return "**By the same cells in float16**"
    if card.bf16:
        return "**By the notebook's cells**, with their own pins,"
    slow, fast = (card.rate(bf16) / 1e12 for bf16 in (True, False))
    return (
        "**By the notebook's cells as they are written**, with their own pins and in bfloat16, "
        f"for which an {card.name} has no units ({slow:.3g} in place of {fast:.3g} TFLOP/s),"
    )


def _possible(found: Sequence[Estimate], met: Sequence[Estimate]) -> str:
    if not met:
        return "The printed hours are out of reach at all sizes below."
    first, last = met[0] is found[0], met[-1] is found[-1]
    start, end = _frame(met[0]), _frame(met[-1])
    where = {
        (True, True): "of every size below",
        (True, False): f"up to {end}, and not with larger ones",
        (False, True): f"from {start} on, and not with smaller ones",
        (False, False): f"from {start} to {end}, and neither with smaller nor with larger ones",
    }[first, last]
    return f"The printed hours are possible with square frames {where}."


def _meaning(
    variant: Variant, named: dict[str, list[Estimate]], printed: Interval
) -> Iterator[str]:
    """What follows for the printed hours, of each size that has a source."""
    yield (
        f"**What that means for “{span(printed)} hours”**: The document prints neither the size of "
        "its frames nor the type of its products, and hours alone tell neither."
    )
    sources = [part.strip() for part in variant.settings.source.split(";") if "×" in part]
    if sources:
        yield f"Sizes that have a source: {escape('; '.join(sources))}."
    notebook = {way: each for way, each in named.items() if way != ENGINE}
    for place, (width, height) in enumerate(variant.settings.image_sizes):
        met = [way for way, each in notebook.items() if agreeing([each[place]], printed)]
        allowed = _allowed(met, list(notebook))
        yield f"With frames of {width} × {height} the printed hours are {allowed}."
    yield (
        f"So the claim stays [underdetermined](claims.md#{CLAIM}). The size of frames and the "
        "type, printed beside the hours, would settle most of it, and a timed run the rest: nobody "
        f"here has an {gpus()[variant.settings.card].name}."
    )


def _allowed(met: Sequence[str], among: Sequence[str]) -> str:
    """Whether the printed hours are possible by the notebook's cells, and in which type."""
    either = " in either type" if len(among) > 1 else ""
    if not met:
        return f"out of the notebook's reach{either}"
    if len(met) == len(among):
        return f"possible{either}"
    return f"possible {'as it is written' if met == ['notebook'] else 'in float16'} alone"


def _frame(one: Estimate) -> str:
    return f"{one.size[0]} × {one.size[1]}"


def _hours(one: Estimate) -> str:
    return span(one.hours)
