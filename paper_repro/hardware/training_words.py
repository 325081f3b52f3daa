"""What the three trainings come to, in words: beside what the document prints, and one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor, log10

from paper_repro.hardware.training import Training
from paper_repro.hardware.words import ends, rounded, span
from paper_repro.judging import Interval
from paper_repro.study import Claim, Study

HOURS_A_MONTH = 730
"""8,760 hours of a year by twelve, as the reading of the document's "months" takes them."""


def money(value: float) -> str:
    """US dollars to two digits, and to the cent below one."""
    return f"${value:.2f}" if value < 1 else f"${rounded(value)}"


def counted(amount: int) -> str:
    """Tokens or samples, by the million millions (T) where there are so many."""
    return f"{rounded(amount / 10**12)} T" if amount >= 10**12 else f"{amount:,}"


def power(value: float) -> str:
    """A number such as 8.3e22."""
    return f"{value:.1e}".replace("e+", "e")


def printed(study: Study, quantity: str, model: str) -> Claim | None:
    """The claim on a model's quantity that asks for most, where the document prints any."""
    claims = [c for c in study.claims if (c.quantity, c.of) == (quantity, model) and c.printed]
    return max(claims, key=least, default=None)


def least(claim: Claim) -> Fraction:
    """The least that a printed claim can mean, in its quantity's unit."""
    stated = claim.stated()
    interval = getattr(stated, "interval", None)
    return interval.low if interval is not None and interval.low is not None else Fraction(0)


def printed_hours(study: Study, model: str) -> tuple[str, Interval] | None:
    """The document's words on the card hours of pre-training, and the hours that they ask for."""
    claim = printed(study, "pretraining.gpu_hours", model)
    return (claim.printed or "", Interval(least(claim))) if claim else None


def beside_the_document(study: Study, model: str, found: Sequence[Training]) -> list[str]:
    """Sentences that lay pre-training beside what the document prints of it; none without either.

    Args:
        model: id of the base.
        found: from :func:`~paper_repro.hardware.training.three_trainings`.
    """
    base = next((each for each in found if each.level == 0 and each.dollars), None)
    names = ("pretraining.gpu_hours", "pretraining.cost")
    claims = [printed(study, name, model) for name in names]
    if base is None or base.dollars is None or None in claims:
        return []
    hours, cost = (claim for claim in claims if claim is not None)
    said = [
        f"The document prints “{hours.printed}” and “{cost.printed}”. By 6·N·D and published token "
        f"counts this base's own final run takes {span(base.gpu_hours)} hours of an "
        f"{base.card.name}, or {span(base.dollars, money)} of rent{_shapes(study, model, base)}.",
        _verdict(hours, cost, base.gpu_hours, base.dollars),
    ]
    others = [float(base.gpu_hours.low or 0) / ends(each.gpu_hours)[1] for each in found[1:]]
    if others:
        said.append(
            f"The contrast that the document draws holds without them: pre-training takes at least "
            f"{_floored(min(others))} times the card hours of "
            f"{'either' if len(others) > 1 else 'the'} fine-tuning."
        )
    return said


def of_fine_tuning(found: Sequence[Training]) -> list[str]:
    """A sentence on what LoRA saves over full fine-tuning; none where either is missing."""
    by_name = {each.name: each for each in found}
    if not {"LoRA", "full fine-tuning"} <= by_name.keys():
        return []
    lora, full = by_name["LoRA"], by_name["full fine-tuning"]
    meets = lora.gpu_hours.meets(full.gpu_hours)
    return [
        f"LoRA trains one weight in {rounded(full.weights / lora.weights)} of those that full "
        f"fine-tuning trains, and holds {gigabytes(lora.held)} GB of weights, gradients and "
        f"optimizer state in place of {gigabytes(full.held)}. "
        + (
            "In card hours the two overlap: how a step is computed, and the size of frames, "
            "matter more than which of the two it is."
            if meets
            else "In card hours the two do not overlap."
        )
    ]


def gigabytes(held: Interval) -> str:
    """Bytes as GB, to two digits."""
    return span(held.scaled(Fraction(1, 10**9)))


def rows(
    found: Sequence[Training], flops: Callable[[Interval], str]
) -> list[tuple[str, list[str]]]:
    """A table's rows: what is told, and of each training in turn.

    Args:
        flops: how FLOP are written.
    """
    return [
        ("level", [str(each.level) for each in found]),
        ("goes over", [f"{counted(each.amount)} {each.unit}" for each in found]),
        ("weights trained", [f"{each.weights:,}" for each in found]),
        ("FLOP", [flops(each.flops) for each in found]),
        ("card hours", [span(each.gpu_hours) for each in found]),
        ("dollars", [span(each.dollars, money) if each.dollars else "–" for each in found]),
        ("held, GB", [gigabytes(each.held) for each in found]),
    ]


def rests_on(one: Training) -> str:
    """How its figures were worked out, and of pre-training the source of its tokens."""
    return f"{one.how}. {one.source}" if one.level == 0 else f"{one.how}."


def scientific(flops: Interval) -> str:
    """FLOP as powers of ten, to two digits."""
    return span(flops, _raised)


def _shapes(study: Study, model: str, base: Training) -> str:
    """Those hours as time on the printed number of cards, and as cards for the printed time."""
    cards = printed(study, "pretraining.gpus", model)
    months = printed(study, "pretraining.months", model)
    if cards is None or months is None:
        return ""
    days = base.gpu_hours.scaled(1 / (least(cards) * 24))
    number = base.gpu_hours.scaled(1 / (least(months) * HOURS_A_MONTH))
    return (
        f": {span(days)} days on {int(least(cards)):,} cards, or {rounded(float(least(months)))} "
        f"months on {span(number)} of them"
    )


def _verdict(hours: Claim, cost: Claim, took: Interval, paid: Interval) -> str:
    above = [
        f"{unit}{int(least(claim)):,}{more}"
        for claim, found, unit, more in (
            (hours, took, "", " card hours"),
            (cost, paid, "$", ""),
        )
        if found.high is not None and least(claim) > found.high
    ]
    if not above:
        return "Both are within reach of that run."
    return (
        f"The arithmetic does not reach {' or '.join(above)} for that run. It leaves out larger "
        "models of the family, runs that failed, data and salaries, and with them the printed "
        "figures may well be right: it is enough to say that they are of the whole programme, or "
        "to print the spans above for this base."
    )


def _floored(value: float) -> str:
    """The largest number of two digits that is not above ``value``."""
    step = 10 ** (floor(log10(value)) - 1)
    return f"{floor(value / step) * step:,.10g}"


def _raised(value: float) -> str:
    digits, exponent = power(value).split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} × 10{raised}"
