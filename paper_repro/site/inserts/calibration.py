"""How far estimates are off: each measured run beside its estimate, and what others timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paper_repro.hardware.calibration import Measured, calibration, error, estimated, measured
from paper_repro.hardware.calibration_figure import called, draw_calibration, ordered
from paper_repro.hardware.estimate import SLACK
from paper_repro.hardware.gpus import Gpu, gpus
from paper_repro.hardware.published import (
    CARD,
    FLOP_PER_WEIGHT,
    TYPES,
    Published,
    contained_in,
    faster,
    published,
    roofline,
)
from paper_repro.hardware.words import ends, rounded, span
from paper_repro.judging import Interval
from paper_repro.site.drawn import drawn
from paper_repro.study import Study
from paper_repro.verify.report.markdown import escape, table

LABEL = "Estimated over measured seconds of a sample, a bar for every run"
HEAD = ("run", "samples a pass", "ms timed", "ms by estimate", "ratio of time", "of memory")


def calibration_part(study: Study) -> str:
    """Figure, what it comes to, a table of every run, and a T4's published timings."""
    runs = ordered(measured())
    card, name = gpus()[study.variants[0].settings.card], study.base(study.variants[0]).id
    figure = drawn(lambda path: draw_calibration(runs, path), LABEL)
    return "\n\n".join(
        [figure, *_summary(runs, card), table(HEAD, map(_cells, runs)), *_of_others(name)]
    )


def _summary(runs: Sequence[Measured], card: Gpu) -> Iterator[str]:
    """How many intervals hold what was measured, and the least and the most of each way."""
    inside = sum(low <= run.seconds <= high for run in runs for low, high in [_seconds(run)])
    times, bytes = zip(*map(error, runs), strict=True)
    spans = [f"{min(values):.2f} – {max(values):.2f}" for values in (times, bytes)]
    yield (
        f"**Of {len(runs)} measured runs the estimate's interval holds {inside}**: bars that the "
        f"line crosses. The middle of the interval came to {spans[0]} of the measured time, and "
        f"memory to {spans[1]} of the measured peak. What a run went without, dropout or the "
        "preparing of frames, its estimate goes without as well. Below, milliseconds are of a "
        "sample, and ratios are estimated ÷ measured."
    )
    yield "\n".join(
        f"- `{way}`: {calibration(way).words}." for way in dict.fromkeys(run.way for run in runs)
    )
    if card not in [gpus()[run.gpu] for run in runs]:
        yield (
            f"None of them ran on an {card.name}: what an estimate says of that card, of its "
            "products in bfloat16 and of the host beside it, no run of ours has checked."
        )


def _cells(run: Measured) -> tuple[str, ...]:
    low, high = (rounded(1000 * end) for end in _seconds(run))
    off = error(run)
    return (
        called(run),
        str(run.batch),
        rounded(1000 * run.seconds),
        f"{low} – {high}",
        f"{off.time:.2f}",
        f"{off.memory:.2f}",
    )


def _seconds(run: Measured) -> tuple[float, float]:
    return estimated(run).seconds


def _of_others(model: str) -> Iterator[str]:
    """Published timings: a table, what it comes to, and sources.

    Args:
        model: id of the paper's base.
    """
    runs, card, ratio = published(), gpus()[CARD], faster()
    known = [one for one in runs if one.tokens is not None]
    yield f"### What others timed on an {card.name}"
    yield (
        f"None of these {len(runs)} is of `{model}`: no timed training of it on this card was "
        "found published. Seconds are from their own output, with the first step's compilation "
        "in them and, where a progress bar stands beside it, without."
    )
    head = (
        "training",
        "samples a pass × passes",
        "seconds a sample",
        "tokens",
        *(f"in {n}" for n in TYPES),
    )
    yield table(head, (_published(one, card) for one in runs))
    yield (
        "The last columns are seconds by products alone. QLoRA with checkpointing costs "
        f"{FLOP_PER_WEIGHT} FLOP a token and weight: 2 forward, 2 again, 2 backward, and none "
        f"for a frozen weight's gradient. An interval is from the card's rate to {SLACK} times as "
        "long. To lie in it is no proof: something else may hold a run back."
    )
    yield "\n".join(f"- **{escape(one.model)}**: {_held(one, card)}" for one in known)
    yield (
        f"Of the other {len(runs) - len(known)} the tokens of a sample are not published, so "
        "they say nothing of a rate."
    )
    yield (
        f"By its own account Unsloth is {ratio.low:g} – {ratio.high:g} × as fast as plain PEFT, "
        f"which the notebook uses ({escape(ratio.source)}): its times are the fast end."
    )
    yield "Where they stand:"
    yield "\n".join(
        f"- {escape(one.model)}: {escape(one.source)}, {one.steps} steps in "
        f"{one.runtime_seconds:,.1f} s"
        for one in runs
    )


def _published(one: Published, card: Gpu) -> tuple[str, ...]:
    by_type = (roofline(one, card, bf16) for bf16 in TYPES.values())
    computed = one.computed_in or "type not stated"
    return (
        escape(f"{one.model}; {one.bits} bits, {computed}; {one.trainer}"),
        f"{one.batch} × {one.accumulation}",
        span(one.seconds),
        _tokens(one),
        *(_span(found) if found else "–" for found in by_type),
    )


def _held(one: Published, card: Gpu) -> str:
    """In which type the roofline holds the published time, and what is assumed for that."""
    held = contained_in(one, card) or []
    others = " or ".join(name for name in TYPES if name not in held)
    place, types = ("within", " or ".join(held)) if held else ("outside of", others)
    but = f", and not within what those in {others} do" if held and others else ""
    return (
        f"{span(one.seconds)} seconds lie {place} what products in {types} take{but}. "
        f"Tokens: {_tokens(one)}; {escape(one.assumed)}."
    )


def _tokens(one: Published) -> str:
    if one.tokens is None:
        return "not published"
    return f"at most {one.tokens:,}" if one.at_most else f"{one.tokens:,}, assumed"


def _span(found: Interval) -> str:
    """An interval that begins with nothing has an upper end alone."""
    return span(found) if found.low else f"up to {rounded(ends(found)[1])}"
