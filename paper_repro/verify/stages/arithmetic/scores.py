"""What the arithmetic stage says of reported scores: what follows from the figures themselves.

An accuracy or an error is left open, because only a model's answers, row by row, could decide it.
What can be derived from the reported figures is: the width of a binomial interval, the gain of one
accuracy over another, and the least error that noise in the data's own points leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import sqrt
from statistics import NormalDist

from paper_repro.evaluation.noise import least_mean_error
from paper_repro.judging import Interval, Key, Printed
from paper_repro.judging.interval import format_number
from paper_repro.study import Claim, Study
from paper_repro.verify.finding import Finding, Subject
from paper_repro.verify.stages.arithmetic.common import derived, logged

ANY = Key()
AFTER, BEFORE, ROWS = "score.quadrant", "score.quadrant_before", "dataset.validation_rows"
ERRORS = ("score.mae_x", "score.mae_y")
CONFIDENCE = 0.95


def score_findings(study: Study) -> Iterator[Finding]:
    """Findings for the scores that the study's claims report; none where they report none."""
    after, before, rows = (_reported(study, name) for name in (AFTER, BEFORE, ROWS))
    for name in (AFTER, BEFORE):
        if claim := _claim(study, name):
            yield logged(
                Subject(name),
                ANY,
                None,
                f"{study.places[claim.id]}; deciding it takes a model's answers, row by row",
            )
    if after and rows:
        yield _half_width(after, rows)
    if after and before:
        gain = 100 * (after / before - 1)
        formula = (
            f"{_text(after)} / {_text(before)} − 1 = {_text(gain)} %, "
            f"which is {_text(after - before)} percentage points"
        )
        yield derived(Subject("score.improvement"), ANY, gain, formula)
    yield from _least_errors(study)


def _half_width(percent: Fraction, rows: Fraction) -> Finding:
    """Of the Wald interval, z·√(p(1−p)/n), in percentage points."""
    share, z = percent / 100, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    half = Fraction(100 * z * sqrt(share * (1 - share) / rows))
    formula = (
        f"{z:.2f} × √({float(share)} × {float(1 - share):.3f} / {int(rows):,}) = "
        f"{_text(half)} percentage points"
    )
    return derived(Subject("score.half_width"), ANY, half, formula)


def _least_errors(study: Study) -> Iterator[Finding]:
    """What noise in the points leaves the best answer; other rows are taken for exact."""
    claim = _claim(study, ROWS)
    data = study.dataset(claim.of) if claim else None
    if data is None or data.point_noise is None or data.noisy_rows is None:
        return
    rows = data.train_rows + data.validation_rows
    noise = Fraction(str(data.point_noise))
    each = least_mean_error(noise)
    least = least_mean_error(noise, Fraction(data.noisy_rows, rows))
    formula = (
        f"uniform noise of ±{_text(noise)} leaves the best answer a mean error of "
        f"{_text(each)}; in {data.noisy_rows:,} of {rows:,} rows, over all "
        f"{_text(each)} × {data.noisy_rows:,} / {rows:,} = {_text(least)}, if the others are "
        "answered without error"
    )
    for name in ERRORS:
        yield derived(Subject(name), ANY, Interval(least, None), formula)


def _claim(study: Study, quantity: str) -> Claim | None:
    return next((claim for claim in study.claims if claim.quantity == quantity), None)


def _reported(study: Study, quantity: str) -> Fraction | None:
    claim = _claim(study, quantity)
    stated = claim.stated() if claim else None
    return Fraction(stated.exact) if isinstance(stated, Printed) and stated.exact else None


def _text(value: Fraction) -> str:
    return format_number(value)
