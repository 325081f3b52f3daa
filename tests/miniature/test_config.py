"""The untrained base: weights by seed alone, words as tokens, the config of the trained one."""

from __future__ import annotations

import json

import pytest

from paper_repro.data.labels import PHASES, STEPS
from paper_repro.data.processor import load_processor
from paper_repro.miniature import shipped
from paper_repro.miniature.config import CONFIG, SPECIAL, fresh_base, processor
from paper_repro.miniature.settings import SETTINGS
from paper_repro.miniature.things import NAMED
from paper_repro.training.record import read_record

BASE = shipped("base") / "base"


@pytest.fixture(scope="module")
def made():
    return processor()


def test_weights_are_a_function_of_the_seed_and_leave_the_random_state_alone():
    import torch

    state = torch.get_rng_state()
    one, same, other = (list(fresh_base(seed)[0].parameters()) for seed in (3, 3, 4))
    assert torch.get_rng_state().equal(state)
    assert all(a.equal(b) for a, b in zip(one, same, strict=True))
    assert not all(a.equal(b) for a, b in zip(one, other, strict=True))


def test_the_trained_base_has_this_config():
    found = json.loads((BASE / "config.json").read_text(encoding="utf-8"))
    for name, value in CONFIG.items():
        if isinstance(value, dict):
            assert found[name] | value == found[name], name
        else:
            assert found[name] == value, name


def test_the_trained_base_has_these_special_tokens_and_this_template(made):
    theirs = load_processor(BASE)
    assert theirs.chat_template == made.chat_template
    for word in (*SPECIAL, theirs.tokenizer.eos_token, theirs.tokenizer.pad_token):
        ids = (kept.tokenizer.convert_tokens_to_ids(word) for kept in (theirs, made))
        assert len(set(ids)) == 1, word


def test_every_digit_is_a_token_and_so_is_every_word_of_surgery(made):
    assert made.tokenizer.tokenize("45.2") == ["4", "5", ".", "2"]
    for name in (*NAMED, *(label.replace("_", " ") for label in (*PHASES, *STEPS))):
        assert len(made.tokenizer.tokenize(f" {name}")) == len(name.split()), name
    for name in NAMED:
        assert len(made.tokenizer.tokenize(f"'>{name}<")) == len(name.split()) + 2, name


def test_a_conversation_is_written_as_qwen_writes_it(made):
    asked = [{"type": "image"}, {"type": "text", "text": "Where?"}]
    said = made.apply_chat_template(
        [{"role": "user", "content": asked}], tokenize=False, add_generation_prompt=True
    )
    picture = "<|vision_start|><|image_pad|><|vision_end|>"
    assert said == f"<|im_start|>user\n{picture}Where?<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("base/first", (0, "")),
        ("unified", (1, "")),
        ("spatial", (2, "stated")),
        ("seven-modules", (2, "seven-modules")),
    ],
)
def test_what_ships_was_trained_with_these_settings(name, run):
    kept = read_record(shipped("base").parent / name).settings
    assert {key: kept[key] for key in SETTINGS[run]} == SETTINGS[run]
