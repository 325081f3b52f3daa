"""The trained miniature comes with the package: whole, small, sound, and with its records."""

from __future__ import annotations

import json
import re
from io import BytesIO
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from paper_repro.data.processor import load_processor
from paper_repro.errors import UserError
from paper_repro.miniature import SHIPPED, shipped
from paper_repro.miniature.rows import VIDEOS, _video
from paper_repro.training.base import MINIATURE
from paper_repro.training.record import read_record
from paper_repro.training.soundness import refuse_unsound

ROOT = SHIPPED.parents[2]
TRAINED = ("unified", "spatial", "seven-modules")


@pytest.mark.parametrize("name", ["base", *TRAINED])
def test_each_has_the_record_of_a_finished_run_that_names_no_machine(name):
    record = read_record(shipped(name))
    assert record.status == "finished" and record.steps == len(record.losses) > 100
    assert record.command.startswith("python -m paper_repro train ")
    text = (shipped(name) / "record.json").read_text(encoding="utf-8")
    assert not any(place in text for place in ("/tmp", "/home", "/root", "/work"))


def test_all_of_it_is_a_few_megabytes_of_safetensors_and_text():
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".jinja"}
    assert sum(path.stat().st_size for path in files) < 9e6


@pytest.mark.parametrize("name", TRAINED)
def test_adapters_were_trained_on_this_base_and_left_it_as_it_was(name):
    import torch
    from transformers import Qwen2VLForConditionalGeneration

    from paper_repro.training.describe import _one
    from paper_repro.training.digest import base_digests

    record = read_record(shipped(name))
    model = Qwen2VLForConditionalGeneration.from_pretrained(
        shipped("base") / "base", dtype=torch.float32
    )
    digest = _one(base_digests(model))
    assert record.hashes["base_before"] == record.hashes["base_after"] == digest
    assert record.base_changed == record.earlier_changed == 0 < record.base_tensors


@pytest.mark.parametrize("name", TRAINED)
def test_adapters_are_sound_on_the_base(name):
    config = json.loads((shipped("base") / "base" / "config.json").read_text(encoding="utf-8"))
    refuse_unsound(shipped(name) / "adapter", MINIATURE, config)


def test_the_base_went_on_from_the_one_that_the_first_record_left():
    first = read_record(SHIPPED / "base" / "first")
    second = read_record(shipped("base"))
    assert first.status == second.status == "finished"
    assert second.settings["base"] and "--features" in second.command
    assert first.losses[0] > 5 > 0.5 > second.losses[-1]


def test_its_processor_writes_what_the_levels_answer():
    processor = load_processor(shipped("base") / "base")
    said = "<point x='45.2' y='68.3'>suction device</point>"
    ids = processor.tokenizer(said)["input_ids"]
    assert processor.tokenizer.decode(ids) == said


def test_what_does_not_come_with_a_copy_is_named_with_what_does():
    with pytest.raises(UserError) as refused:
        shipped("triple")
    assert "spatial" in refused.value.expected


def test_the_docs_name_the_commands_that_made_the_base():
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8").replace("\\\n", "")
    made = re.findall(r"^python -m paper_repro train 0 (--.*?) --out \S+$", page, re.MULTILINE)
    assert len(made) == 2
    for words, folder in zip(made, (SHIPPED / "base" / "first", shipped("base")), strict=True):
        settings = read_record(folder).settings
        asked = re.findall(r"--([a-z-]+) ([^-\s]\S*)", words)
        assert len(asked) >= 3
        for option, value in asked:
            kept = settings[option.replace("-", "_")]
            assert type(kept)(value) == kept, option
        assert settings["features"] is ("--features" in words)


def test_the_readme_shows_what_the_shipped_run_printed():
    record = read_record(shipped("spatial"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    counts, losses = record.counts, record.losses
    share = 100 * counts["trainable"] / counts["total"]
    for line in (
        f"{counts['trainable']:,} of {counts['total']:,} ({share:.4g} %)",
        f"loss              {losses[0]:.4f} → {losses[-1]:.4f} nats a token",
        f"steps             {record.steps:,}",
        f"base              0 of {record.base_tensors} tensors changed",
        f"Level 1           0 of {record.earlier_tensors} tensors changed",
    ):
        assert line in readme, line


def test_the_example_is_a_frame_that_no_level_trained_on():
    video, place = VIDEOS["validation"][15], 27
    row = next(islice(_video(2, 0, video), place, None))
    with Image.open(BytesIO(row["image"]["bytes"])) as drawn:
        wanted = np.asarray(drawn, dtype=int)
    with Image.open(ROOT / "examples" / "drawn-frame.png") as shown:
        found = np.asarray(shown, dtype=int)
    assert np.abs(found - wanted).max() <= 1
    assert "suction device" in row["messages"][1]["content"]
