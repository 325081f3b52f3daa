"""Samples as every contender gets them: which ones, how they are padded, what is labelled."""

from __future__ import annotations

import pytest
import torch

from benchmarks.speed.contenders import BATCHES, EFFECTIVE
from benchmarks.speed.inputs import Ready, parts, pixels_of

LENGTHS = (5, 3, 4)
PATCHES = 2


@pytest.fixture
def ready():
    there = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
    ids = torch.arange(15).reshape(3, 5)
    tensors = {
        "input_ids": ids.masked_fill(~there, 0),
        "attention_mask": there.long(),
        "labels": ids.masked_fill(~there, -100).index_fill(1, torch.tensor([0, 1]), -100),
        "mm_token_type_ids": torch.zeros(3, 5, dtype=torch.long),
        "pixel_values": torch.arange(3.0 * PATCHES)[:, None],
        "image_grid_thw": torch.ones(3, 3, dtype=torch.long),
        "rows": torch.tensor([7, 8, 9]),
    }
    return Ready(tensors, LENGTHS)


def test_a_batch_is_as_wide_as_its_longest_row_and_has_its_own_pictures(ready):
    batch = ready.batch([1, 2])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 0], [10, 11, 12, 13]]
    assert batch["attention_mask"].sum(1).tolist() == [3, 4]
    assert batch["pixel_values"].flatten().tolist() == [2, 3, 4, 5]
    assert batch["rows"].tolist() == [8, 9] and len(batch["image_grid_thw"]) == 2
    assert ready.batch([0])["input_ids"].shape == (1, 5)


def test_the_answer_or_the_whole_sequence_is_labelled_and_never_padding(ready):
    assert ready.batch([1, 2])["labels"].tolist() == [[-100, -100, 7, -100], [-100, -100, 12, 13]]
    whole = ready.batch([1, 2], "sequence")["labels"].tolist()
    assert whole == [[5, 6, 7, -100], [10, 11, 12, 13]]
    assert ready.tensors["labels"][1, 0] == -100  # nothing was written into the samples


def test_kept_features_take_the_place_of_pixels(ready):
    features = torch.arange(3.0)[:, None]
    batch = ready.with_features(features).batch([2])
    assert batch["features"].tolist() == [[2.0]] and "pixel_values" not in batch
    assert "pixel_values" in ready.tensors


@pytest.mark.parametrize("batch", [1, 4, 8, 16])
def test_every_step_takes_its_samples_once_and_batches_come_round(batch):
    seen = [row for step in range(BATCHES) for part in parts(step, batch) for row in part]
    assert seen == list(range(BATCHES * EFFECTIVE))
    assert parts(BATCHES + 1, batch) == parts(1, batch)
    assert {len(part) for part in parts(0, batch)} == {batch}


def test_a_size_is_width_by_height():
    assert pixels_of("1288x728") == (1288, 728)
