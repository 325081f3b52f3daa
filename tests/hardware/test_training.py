"""Pre-training, full fine-tuning and LoRA: worked out again by hand, monotone, drawn, in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_repro.hardware.estimate import estimate
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.training import LORA_WAYS, hull, three_trainings
from paper_repro.hardware.training_figure import draw_trainings
from paper_repro.hardware.training_words import (
    beside_the_document,
    counted,
    money,
    of_fine_tuning,
    power,
    printed,
    printed_hours,
    rounded,
    scientific,
    span,
)
from paper_repro.hardware.words import ends
from paper_repro.judging import Interval
from paper_repro.study import load_study

ROOT = Path(__file__).parent.parent.parent
STUDY = load_study()
STATED = STUDY.variant("stated")
MODEL = STUDY.base(STATED)
A100 = 312e12
"""FLOP/s, as the data sheet prints them."""


def of(variant=STATED, **pretraining):
    """The three, with other facts of pre-training where given."""
    assert MODEL.pretraining is not None
    told = MODEL.pretraining.model_copy(update=pretraining)
    model = MODEL.model_copy(update={"pretraining": told})
    return three_trainings(STUDY.model_copy(update={"models": (model,)}), variant)


def with_settings(**changed):
    return STATED.model_copy(update={"settings": STATED.settings.model_copy(update=changed)})


@pytest.fixture(scope="module")
def found():
    return three_trainings(STUDY, STATED)


def test_pretraining_is_six_n_d_on_the_published_tokens(found):
    base = found[0]
    language, whole = 1_543_714_304, 2_208_985_600
    flops = 6 * language * 7 * 10**12 + 6 * whole * 14 * 10**11
    assert base.flops == Interval.point(flops)
    assert ends(base.gpu_hours) == pytest.approx(
        (flops / 0.6 / A100 / 3600, flops / 0.1 / A100 / 3600)
    )
    assert ends(base.gpu_hours) == pytest.approx((123_741, 742_446), rel=1e-5)
    assert ends(base.dollars) == pytest.approx((123_741, 4 * 742_446), rel=1e-5)
    assert (base.weights, base.amount, base.unit, base.level) == (whole, 84 * 10**11, "tokens", 0)
    assert ends(base.held) == (16 * whole, 16 * whole)


def test_full_fine_tuning_is_near_six_n_d_too(found):
    """The language model on all tokens and the tower on its patches; attention comes on top."""
    language, vision = 1_543_714_304, 665_271_296
    full = found[1]
    assert full.amount == 9_125 * 3
    for end, (wide, high), above in zip(
        ends(full.flops), ((8, 8), (46, 26)), (1.02, 1.6), strict=True
    ):
        image = wide * high
        by_hand = 6 * (language * (image + 71) + vision * image * 4) * full.amount
        assert 0.99 * by_hand < end < above * by_hand
    low, high = ends(full.flops)
    assert ends(full.gpu_hours) == pytest.approx(
        (low / 0.6 / A100 / 3600, high / 0.1 / A100 / 3600)
    )
    assert ends(full.dollars)[1] == pytest.approx(4 * ends(full.gpu_hours)[1])


def test_lora_spans_engine_and_notebook_over_every_size_of_frame(found):
    lora = found[2]
    each = [
        [estimate(STUDY, STATED, gpus()["a100"], size, way) for size in STATED.settings.image_sizes]
        for way in LORA_WAYS
    ]
    assert [way for way, _ in lora.spans] == ["default", "notebook"]
    for (_, hours), (small, large) in zip(lora.spans, each, strict=True):
        assert (hours.low, hours.high) == (small.hours.low, large.hours.high)
    assert lora.gpu_hours == Interval(each[0][0].hours.low, each[1][1].hours.high)
    dearest = each[1][1]
    assert ends(lora.flops)[1] == pytest.approx(sum(dearest.flops.values()) * dearest.passes)
    kept = sum(each[0][0].flops.values()) * 27_375
    assert ends(lora.flops)[0] == pytest.approx(kept + each[0][0].tower_once)
    assert each[0][0].tower_once > 0


def test_lora_trains_the_adapter_alone_and_holds_less(found):
    _, full, lora = found
    assert lora.weights == 28 * 16 * (3072 + 1792 + 1792 + 3072) == 4_358_144
    assert lora.level == full.level == 2
    assert lora.held.high < full.held.low
    weights, states = 2_208_985_600, 16 * 4_358_144
    assert weights / 2 < ends(lora.held)[0] < ends(lora.held)[1] < 2 * weights + 6 * states


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10**14), st.integers(0, 10**13), st.integers(1, 10**12))
def test_more_tokens_never_cost_less(language, both, more):
    fewer = of(language_tokens=language, multimodal_tokens=both)[0]
    for other in (
        of(language_tokens=language + more, multimodal_tokens=both)[0],
        of(language_tokens=language, multimodal_tokens=both + more)[0],
    ):
        assert other.flops.low > fewer.flops.low
        for end in ("low", "high"):
            assert getattr(other.gpu_hours, end) >= getattr(fewer.gpu_hours, end)
            assert getattr(other.dollars, end) >= getattr(fewer.dollars, end)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(2, 40), st.integers(0, 40))
def test_more_samples_and_larger_frames_never_cost_less(epochs, more, side, larger):
    few = of(with_settings(epochs=epochs, image_sizes=((28 * side, 28 * side),)))
    many = of(with_settings(
        epochs=epochs + more, image_sizes=((28 * (side + larger), 28 * (side + larger)),)
    ))  # fmt: skip
    assert many[0].gpu_hours == few[0].gpu_hours
    for less, greater in zip(few[1:], many[1:], strict=True):
        for what in ("flops", "gpu_hours", "dollars"):
            low, high = ends(getattr(less, what))
            assert low <= high and (low, high) <= ends(getattr(greater, what))
        assert ends(greater.gpu_hours)[1] > ends(less.gpu_hours)[1]


def test_what_is_not_given_is_left_out():
    without = MODEL.model_copy(update={"pretraining": None})
    study = STUDY.model_copy(update={"models": (without,)})
    kept = three_trainings(study, STATED)
    assert [each.name for each in kept] == ["full fine-tuning", "LoRA"]
    assert all(each.dollars is None and each.card == gpus()["a100"] for each in kept)
    assert beside_the_document(study, MODEL.id, kept) == [] and len(of_fine_tuning(kept)) == 1
    example = load_study(ROOT / "examples" / "library-questions")
    (full,) = three_trainings(example, example.variants[0])
    assert (full.name, full.amount) == ("full fine-tuning", 5_580 * 2)
    assert of_fine_tuning([full]) == [] and printed_hours(example, "qwen2-0.5b") is None


def test_every_row_says_what_it_rests_on(found):
    base, full, lora = found
    assert "7 T tokens" in base.how and "arXiv 2407.10671" in base.source
    assert "10% to 60% of 312 TFLOP/s" in base.how and "our assumption" in full.how
    assert "9,125 rows × 3 epochs" in full.how and "224 × 224 to 1280 × 720" in lora.how
    assert "the package's engine" in lora.how and "runs on NVIDIA H100" in lora.how


def test_the_words_lay_the_run_beside_the_printed_ones(found):
    said = " ".join(beside_the_document(STUDY, MODEL.id, found))
    for claim in ("L0.pretraining.gpu-hours", "L0.pretraining.cost"):
        assert f"“{STUDY.claim(claim).printed}”" in said
    assert "120,000 – 740,000 hours" in said and "$120,000 – $3,000,000 of rent" in said
    assert "5.2 – 31 days on 1,000 cards" in said and "2 months on 85 – 510" in said
    assert "does not reach 1,460,000 card hours or $10,000,000" in said
    assert "may well be right" in said
    assert said.startswith("The document prints “") and "paper" not in said
    least = ends(found[0].gpu_hours)[0] / max(ends(one.gpu_hours)[1] for one in found[1:])
    times = float(said.split("at least ")[1].split(" times")[0].replace(",", ""))
    assert times <= least < 1.1 * times


def test_a_run_that_reaches_the_printed_figures_is_said_to():
    dear = of(language_tokens=7 * 10**14)
    assert "Both are within reach of that run." in beside_the_document(STUDY, MODEL.id, dear)
    between = of(language_tokens=21 * 10**12)
    said = " ".join(beside_the_document(STUDY, MODEL.id, between))
    assert "does not reach $10,000,000 for" in said


def test_the_claim_that_asks_most_is_taken():
    cost = printed(STUDY, "pretraining.cost", MODEL.id)
    assert cost is not None and cost.id == "L0.pretraining.cost"
    assert printed_hours(STUDY, MODEL.id) == (
        "Months with 1000s of GPUs",
        Interval(Fraction(1_460_000)),
    )


def test_fine_tunings_are_said_to_overlap_only_where_they_do(found):
    assert (
        "the two overlap" in of_fine_tuning(found)[0]
        and "one weight in 510" in of_fine_tuning(found)[0]
    )
    far = replace(found[2], spans=(("default", Interval(10**6, 10**7)),))
    assert "do not overlap" in of_fine_tuning([found[1], far])[0]


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        (rounded, 123_741, "120,000"),
        (rounded, 0.0292, "0.029"),
        (rounded, 2_969_782, "3,000,000"),
        (money, 0.0292, "$0.03"),
        (money, 48.6, "$49"),
        (power, 8.339e22, "8.3e22"),
        (counted, 8_400_000_000_000, "8.4 T"),
        (counted, 27_375, "27,375"),
        (scientific, Interval.point(8_339 * 10**19), "8.3 × 10²²"),
        (scientific, Interval(Fraction(10**16), Fraction(10**17)), "1.0 × 10¹⁶ – 1.0 × 10¹⁷"),
        (span, Interval(Fraction(1), Fraction(12)), "1 – 12"),
    ],
)
def test_numbers_are_written_to_two_digits(written, value, expected):
    assert written(value) == expected


def test_a_hull_is_from_the_least_to_the_most():
    assert hull([Interval(2, 3), Interval(1, 2), Interval(5, 9)]) == Interval(1, 9)


@pytest.mark.parametrize("name", ["training.svg", "training.png"])
def test_the_figure_has_rows_prices_ways_and_the_printed_words(found, tmp_path, name):
    draw_trainings(found, tmp_path / name, printed_hours(STUDY, MODEL.id))
    written = (tmp_path / name).read_bytes()
    if name.endswith("png"):
        assert written.startswith(b"\x89PNG")
        return
    words = " ".join(ElementTree.fromstring(written).itertext())
    for wanted in (
        "pre-training: 2,208,985,600 weights, 8.3 × 10²² FLOP",
        "LoRA: 4,358,144 weights",
        "$120,000", "$3,000,000", "printed: Months with 1000s of GPUs",
        "the package's engine", "the notebook's cells", "hours of one NVIDIA A100 80 GB",
        "a century",
    ):  # fmt: skip
        assert wanted in words
    assert _x(written, "$120,000") < _x(written, "$3,000,000")
    draw_trainings(found[1:], tmp_path / "again.svg")
    assert "printed" not in (tmp_path / "again.svg").read_text(encoding="utf-8")


def _x(svg, words):
    """Where a text stands."""
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return next(float(text.attrib["x"]) for text in texts if text.text == words)
