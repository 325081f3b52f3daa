"""Random samples have the run's sizes, and only answers are labelled."""

from __future__ import annotations

from statistics import fmean

import pytest

from paper_repro.bench.run import miniature
from paper_repro.bench.samples import IGNORED, samples
from paper_repro.hardware.estimate import ANSWER
from paper_repro.hardware.flops import sample
from paper_repro.study import load_study

CONFIG = load_study().configs["qwen2-vl-2b"]


@pytest.mark.parametrize("size", [(224, 224), (300, 150)])
def test_sizes_are_those_that_the_estimate_counts_on(size):
    made = samples(CONFIG, size, 71, 8)
    expected = sample(CONFIG, *size, 71)
    batch = made.batch(range(8))
    assert fmean(made.lengths) == expected.tokens and len(set(made.lengths)) == 4
    assert batch["pixel_values"].shape == (8 * expected.patches, 1176)
    images = (batch["input_ids"] == CONFIG["image_token_id"]).sum(1)
    assert set(images.tolist()) == {expected.patches // 4}
    assert (
        batch["mm_token_type_ids"].bool() == (batch["input_ids"] == CONFIG["image_token_id"])
    ).all()
    assert batch["input_ids"].max() < CONFIG["vocab_size"]


@pytest.mark.parametrize(("size", "merged"), [((20, 20), 4), ((1920, 1080), 69 * 39)])
def test_small_frames_are_enlarged_and_large_ones_are_not_made_smaller(size, merged):
    made = samples(CONFIG, size, 71, 4).batch([0])
    assert (made["input_ids"] == CONFIG["image_token_id"]).sum() == merged
    assert len(made["pixel_values"]) == 4 * merged


def test_answers_are_labelled_or_the_whole_sequence_and_never_what_fills_up():
    made = samples(miniature(), (112, 112), 40, 4)
    answers, whole = made.batch(range(4))["labels"], made.sequences(range(4))["labels"]
    assert ((answers != IGNORED).sum(1) == ANSWER).all()
    assert (whole != IGNORED).sum(1).tolist() == made.lengths
    ids = made.batch(range(4))["input_ids"]
    for labels in (answers, whole):
        assert (labels[labels != IGNORED] == ids[labels != IGNORED]).all()


def test_kept_outputs_take_the_place_of_pixels():
    made = samples(miniature(), (112, 112), 40, 4)
    kept = made.with_features([1, 2], "features", "grid")
    assert kept["features"] == "features" and "pixel_values" not in kept
    assert (kept["input_ids"] == made.batch([1, 2])["input_ids"]).all()


def test_they_are_the_same_every_time():
    one, other = (samples(miniature(), (112, 112), 40, 2).batch([0, 1]) for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
