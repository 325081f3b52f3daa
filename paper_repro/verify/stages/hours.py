"""Hours by records: whole runs, and benches, on the card that the study names or on another.

On the study's card they decide; on any other they are told, and decide nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from paper_repro.hardware.estimate import estimate
from paper_repro.hardware.gpus import gpus, known_as
from paper_repro.hardware.words import rounded, span
from paper_repro.judging import Interval, Key
from paper_repro.study import Study, Variant
from paper_repro.verify.finding import Evidence, Finding, Stage, Subject
from paper_repro.verify.records import NOTEBOOK, Benched, Run


def hours(study: Study, runs: Sequence[Run], benches: Sequence[Benched]) -> Iterator[Finding]:
    """Those of whole runs, and of benches of variants that no whole run decides."""
    deciding: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if not run.is_full:
            continue
        if why := _other_card(run.variant, run.record.hardware["name"]) or other_run(study, run):
            yield _found(run.variant, None, f"{_timed(run)}, which decides nothing: {why}")
        else:
            deciding[run.variant.id].append(run)
    for same in deciding.values():
        took = [_in_hours(run) for run in same]
        value = took[0] if len(took) == 1 else Interval(min(took), max(took))
        yield _found(same[0].variant, value, "; ".join(map(_timed, same)))
    yield from _of_benches(study, [each for each in benches if each.variant.id not in deciding])


def _of_benches(study: Study, benches: Sequence[Benched]) -> Iterator[Finding]:
    deciding: dict[str, list[Benched]] = defaultdict(list)
    for each in benches:
        if why := _says_nothing(study, each):
            yield _found(each.variant, None, f"{_steps(each)}, which decides nothing: {why}")
        else:
            deciding[each.variant.id].append(each)
    for same in deciding.values():
        ways = [each.bench.ways[NOTEBOOK] for each in same]
        value = Interval(
            Fraction(min(way.hours_low for way in ways)),
            Fraction(max(way.hours_high for way in ways)),
        )
        yield _found(same[0].variant, value, "; ".join(map(_steps, same)))


def other_run(study: Study, run: Run) -> str:
    """Why it is not the whole run that the study describes; empty when it is."""
    settings, record = run.variant.settings, run.record
    if record.resumed_at:
        return "it was interrupted and resumed"
    for name in ("batch", "accumulation", "epochs", "max_length"):
        if record.settings[name] != getattr(settings, name):
            return f"{name} was {record.settings[name]}, the study has {getattr(settings, name)}"
    if record.settings.get("max_steps"):
        return f"it stopped after {record.settings['max_steps']} steps"
    rows, read = study.dataset(settings.dataset).train_rows, record.data["rows"].get("train")
    return "" if read == rows else f"it read {read} rows, the study has {rows:,}"


def _says_nothing(study: Study, each: Benched) -> str:
    """Why it does not decide; empty when it does."""
    bench, settings = each.bench, each.variant.settings
    card = gpus()[settings.card]
    if bench.size == "mini":
        return f"the miniature on a CPU says nothing of an {card.name}"
    if why := _other_card(each.variant, bench.card["name"]):
        size = (bench.width, bench.height)
        expected = estimate(study, each.variant, card, size, NOTEBOOK)
        return f"{why}, for which the estimate is {span(expected.hours)} h"
    if NOTEBOOK not in bench.ways:
        return (
            f"the notebook's cells were not timed ({bench.failed.get(NOTEBOOK, 'no reason given')})"
        )
    if [bench.width, bench.height] not in [list(size) for size in settings.image_sizes]:
        return f"no frames of the study are {bench.image}"
    return ""


def _other_card(variant: Variant, name: str) -> str:
    """Empty on the card that the study names, else which that is."""
    listed = variant.settings.card
    return "" if known_as(name) == listed else f"the study names the {gpus()[listed].name}"


def _steps(each: Benched) -> str:
    ways = each.bench.ways
    parts = [
        f"{words} {rounded(way.hours_low)} – {rounded(way.hours_high)} h"
        for name, words in (
            (NOTEBOOK, "by the notebook's cells"),
            ("notebook-today", "with today's libraries"),
            ("default", "by the package's engine"),
        )
        if (way := ways.get(name))
    ]
    return f"{each.where}: {', '.join(parts)}"


def _in_hours(run: Run) -> Fraction:
    return Fraction(run.record.times["seconds"]) / 3600


def _timed(run: Run) -> str:
    return f"{run.where}: {float(_in_hours(run)):.2f} h"


def _found(variant: Variant, value: Fraction | Interval | None, formula: str) -> Finding:
    return Finding(
        Subject("run.hours"),
        Key(variant.id),
        value,
        formula,
        Evidence.MEASURED,
        Stage.RECORD,
        speaks_as=(Stage.TRAIN, Stage.GPU),
    )
