"""What is said of a run: every number has a source, and what is not known is not said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from paper_repro.errors import UserError
from paper_repro.miniature import shipped
from paper_repro.training.record import read_record
from paper_repro.writing.compose import compose
from paper_repro.writing.facts import of_record, of_variant
from paper_repro.writing.formats import words_of
from paper_repro.writing.provenance import provenance
from paper_repro.writing.text import PARTS, Figure
from tests.writing.texts import EVERY, RUN, STUDY, VARIANTS, facts, text

COUNTS = {
    "notebook": ("32,571,392", "1.47 %"),
    "stated": ("4,358,144", "0.197 %"),
    "seven-modules": ("18,464,768", "0.836 %"),
}


@pytest.mark.parametrize(("of", "length"), EVERY)
def test_no_number_stands_in_the_words_alone(of, length):
    for sentence in text(of, length).sentences:
        words = "".join(piece for piece in sentence.pieces if isinstance(piece, str))
        assert not re.search(r"\d", words), words
        assert sentence.part in PARTS


@pytest.mark.parametrize(("of", "length"), EVERY)
def test_every_number_has_a_source_and_its_claims(of, length):
    made = text(of, length)
    said = provenance(STUDY, made, of)
    assert len(said["numbers"]) == len(list(made.figures)) > 4
    known = {claim.id: claim for claim in STUDY.claims}
    for number in said["numbers"]:
        assert number["source"] and number["words"] and number["quantity"]
        for id in number["claims"]:
            assert known[id].quantity == number["quantity"]
    trained = next(n for n in said["numbers"] if n["quantity"] == "trainable.parameters")
    assert "L2.trainable.count" in trained["claims"]
    for base in (n for n in said["numbers"] if n["quantity"] == "model.parameters"):
        assert "L0.base.count" in base["claims"] and base["subject"] == "qwen2-vl-2b"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variants_count_and_percentage_are_its_own_with_the_denominator(variant):
    count, percent = COUNTS[variant]
    words = words_of(text(variant, "sentence"))
    assert f"training {count} parameters ({percent} of the base's 2,208,985,600)" in words
    for other in COUNTS.keys() - {variant}:
        assert COUNTS[other][0] not in words_of(text(variant))


def test_methods_are_named_by_the_precision_of_the_base():
    assert "with LoRA [hu2021lora]" in words_of(text("stated", "sentence"))
    for variant in ("notebook", "seven-modules"):
        assert "with QLoRA [dettmers2023qlora]" in words_of(text(variant, "sentence"))
    assert "in which precision is not recorded" in words_of(text("stated"))
    assert "in NF4 with double quantisation" in words_of(text("notebook"))


def test_without_a_record_nothing_is_said_of_hours_cards_or_versions():
    for variant in VARIANTS:
        words = words_of(text(variant))
        assert "Card, time and memory: not recorded." in words
        assert "Versions of the libraries: not recorded." in words
        assert "Python" not in words and " h on " not in words
    assert not any(f.quantity == "run.hours" for _, f in text("stated").figures)


def test_a_record_gives_what_it_measured():
    record, words = read_record(shipped("spatial")), words_of(text(RUN))
    assert f"Trained were {record.counts['trainable']:,} parameters" in words
    assert f"{record.steps:,} steps" in words and f"torch {record.versions['torch']}" in words
    assert f"Each of its {record.base_tensors} tensors had the same SHA-256" in words
    assert record.hardware["name"] in words and "not recorded" not in words
    assert "miniature" in words and "Qwen/Qwen2-VL-2B-Instruct" not in words
    assert "mmrech" not in words
    share = 100 * record.counts["trainable"] / record.counts["base"]
    assert f"{share:.3g} % of the base," in words
    assert "Nothing here was measured" not in words


@pytest.mark.parametrize(
    ("changed", "what"), [("base_changed", "The base"), ("earlier_changed", "The lower adapter")]
)
def test_what_changed_is_never_called_frozen(changed, what):
    record = replace(read_record(shipped("spatial")), **{changed: 3})
    with pytest.raises(UserError, match=f"{what} changed in this run"):
        of_record(STUDY, record, "record.json")
    if changed == "earlier_changed":  # which a second wrap is known to do
        of_record(STUDY, replace(record, variant="notebook", procedure="second-wrap"), "r.json")


def test_a_precision_that_is_not_given_is_not_guessed():
    variant = STUDY.variant("seven-modules")
    for quantized, said in ((True, "in NF4"), (False, "not recorded"), (None, "not recorded")):
        other = variant.model_copy(update={"quantized": quantized})
        assert said in words_of(compose(of_variant(STUDY, other), "paragraph")).split("Card")[0]


def test_rows_are_not_called_frames_and_limits_are_named():
    words = words_of(text("stated"))
    assert "rows are not frames" in words and "±10 %" in words
    assert "held-out rows may show frames that were trained on" in words
    assert "Without a seed" in words and "Without a seed" not in words_of(text(RUN))
    assert "licence is CC-BY-NC-ND-4.0" in words


def test_what_the_second_wrap_does_is_said():
    assert "began the first adapter's matrices" in words_of(text("notebook"))
    assert "go on being trained" in words_of(text("notebook", "sentence"))
    assert "on top of the frozen adapter" in words_of(text("stated", "sentence"))


def test_longer_texts_say_more():
    for of in (*VARIANTS, RUN):
        short, middle, long = (
            words_of(text(of, n)) for n in ("sentence", "paragraph", "supplement")
        )
        assert len(short) < len(middle) < len(long) or of == RUN
        assert len(text(of, "sentence").sentences) == 1


def recorded(commits=None, **settings):
    """The shipped run's facts, with other settings; ``commits`` of what came from the hub."""
    record = read_record(shipped("spatial"))
    revisions = dict.fromkeys(("base", "level1", "data"), "") | (commits or {})
    other = replace(record, settings=record.settings | settings, revisions=revisions)
    return words_of(compose(of_record(STUDY, other, "record.json"), "paragraph"))


def test_rows_that_no_study_knows_are_named_and_nothing_is_said_of_their_licence():
    for data, name in (("/some/where/my-rows", "my-rows"), ("someone/rows", "someone/rows")):
        words = recorded({"data": "d" * 40 if name == data else ""}, data=data)
        assert f"Training read 2,400 rows of {name}; 800 were held out." in words
        assert "Their licence: not recorded." in words and "drawn frames; 800" not in words
    known = recorded({"data": "d" * 40}, data="mmrech/pitvqa-spatial-vlm")
    assert "rows of mmrech/pitvqa-spatial-vlm" in known and "CC-BY-NC-ND-4.0" in known


def test_only_what_was_fetched_bears_a_hubs_name():
    record = read_record(shipped("spatial"))
    named = {"size": "full", "base": "Qwen/other", "level1": "someone/level1"}
    for fetched in ("c" * 40, ""):
        revisions = dict.fromkeys(record.revisions, fetched)
        other = replace(record, settings=record.settings | named, revisions=revisions)
        words = words_of(compose(of_record(STUDY, other, "record.json"), "sentence"))
        assert ("the pre-trained Qwen/other" in words) is bool(fetched)
        assert ("frozen adapter someone/level1 of" in words) is bool(fetched)
        assert ("frozen adapter unified of" in words) is not bool(fetched)


def test_rows_that_were_left_out_were_not_read():
    record = read_record(shipped("spatial"))
    usable = record.data | {"usable": {"train": 2_391, "validation": 799}}
    made = of_record(STUDY, replace(record, data=usable), "record.json")
    assert (made.rows.words, made.held_out.words) == ("2,391", "799")


def test_a_run_that_was_told_when_to_stop_has_no_epochs():
    assert "over 7 epochs in updates of 16 × 1 samples: 1,050 steps" in recorded()
    cut = recorded(max_steps=1_050)
    assert "in updates of 16 × 1 samples, stopped after 1,050 steps" in cut
    assert "epochs" not in cut


def test_durations_are_hours_or_seconds():
    record = read_record(shipped("spatial"))
    for seconds, said in ((71.8, "72 s"), (25_200.0, "7 h")):
        times = record.times | {"seconds": seconds}
        made = of_record(STUDY, replace(record, times=times), "record.json")
        assert made.hours == Figure(said, "run.hours", "", "record.json: times.seconds")
    assert facts("stated").hours is None
