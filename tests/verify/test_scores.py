"""Reported scores: what follows from the figures, recomputed here in other ways."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from paper_repro.judging import Interval, Key, Verdict
from paper_repro.study import Claim, Study, load_study
from paper_repro.verify.finding import Finding, Stage, Subject
from paper_repro.verify.report import render
from paper_repro.verify.run import load_stage, verify
from tests.verify.test_mutation import Everything

EXPECTED = {
    "L2.reported.rows": Verdict.HOLDS,
    "L2.reported.accuracy": Verdict.UNDERDETERMINED,
    "L2.reported.interval": Verdict.HOLDS_ROUNDED,
    "L2.reported.before": Verdict.UNDERDETERMINED,
    "L2.reported.gain": Verdict.HOLDS_ROUNDED,
    "L2.reported.mae-x": Verdict.UNDERDETERMINED,
    "L2.reported.mae-y": Verdict.UNDERDETERMINED,
}


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study()


def found(study: Study) -> dict[str, Finding]:
    findings = load_stage(Stage.ARITHMETIC)(study, Everything(), lambda _: None)
    return {f.subject.quantity: f for f in findings if f.subject.quantity.startswith("score.")}


def printing(study: Study, id: str, printed: str | None) -> Study:
    """The study with another figure in one claim, or without the claim."""
    kept = (
        claim if claim.id != id else claim.model_copy(update={"printed": printed})
        for claim in study.claims
        if claim.id != id or printed is not None
    )
    return study.model_copy(update={"claims": tuple[Claim, ...](kept)})


def test_every_figure_has_its_verdict(study: Study) -> None:
    report = verify(study, [Stage.ARITHMETIC], only=list(EXPECTED))
    assert {claim.id: claim.verdict for claim in report.claims} == EXPECTED


def test_the_half_width_is_that_of_drawn_scores(study: Study) -> None:
    value = found(study)["score.half_width"].value
    assert isinstance(value, Fraction)
    drawn = np.random.default_rng(1).binomial(1014, 0.803, 400_000) / 10.14
    assert float(value) == pytest.approx(1.959964 * drawn.std(), rel=0.005)
    assert 2.35 <= value < 2.45


def test_the_gain_is_relative_and_says_the_points(study: Study) -> None:
    finding = found(study)["score.improvement"]
    assert finding.value == Fraction(803 * 100, 359) - 100
    assert "44.4 percentage points" in finding.formula


def test_no_answer_beats_half_the_noise(study: Study) -> None:
    """The least mean error, by trying every constant answer on drawn noise."""
    drawn = np.random.default_rng(1).uniform(-10, 10, 200_000)
    least = min(np.abs(drawn - answer).mean() for answer in np.linspace(-10, 10, 81))
    share = 8_847 / 10_139
    for name in ("score.mae_x", "score.mae_y"):
        value = found(study)[name].value
        assert isinstance(value, Interval) and value.low is not None and value.high is None
        assert float(value.low) == pytest.approx(least * share, rel=0.01)


def test_figures_feed_what_is_derived_from_them(study: Study) -> None:
    before = found(study)
    for id, moved in {
        "L2.reported.accuracy": {"score.half_width", "score.improvement"},
        "L2.reported.before": {"score.improvement"},
        "L2.reported.rows": {"score.half_width"},
    }.items():
        other = found(printing(study, id, "50"))
        values = {name for name in before if before[name].value != other[name].value}
        assert values == moved, id


def test_without_a_figure_nothing_is_derived_from_it(study: Study) -> None:
    assert "score.half_width" not in found(printing(study, "L2.reported.accuracy", None))
    assert "score.mae_x" not in found(printing(study, "L2.reported.rows", None))


def test_a_bare_accuracy_stays_open_with_the_reason(study: Study) -> None:
    finding = found(study)["score.quadrant"]
    assert finding.key == Key() and finding.subject == Subject("score.quadrant")
    assert finding.value is None
    assert "CORRECTED_VALIDATION_REPORT.json" in finding.formula


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_reports_show_a_figure_as_a_figure_and_never_as_a_quotation(
    study: Study, format: str
) -> None:
    report = verify(study, [Stage.ARITHMETIC], only=["L2.reported.gain"])
    for full in (True, False):
        text = " ".join(render(report, format, 200, full=full).split())  # type: ignore[arg-type]
        assert "eported figure: quadrant accuracy after over before" in text
        assert "“”" not in text and "“eported" not in text and "<blockquote>" not in text
