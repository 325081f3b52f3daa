"""No pattern takes more than linear time: long texts of the words that patterns look for."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_repro.manuscript.sentences import LONGEST
from paper_repro.manuscript.terms.rules import rules
from tests.manuscript.texts import found

WORDS = sorted(
    {
        word
        for rule in rules()
        for source in (rule.unless, rule.context, rule.absent, *rule.flagged)
        if source is not None
        for word in re.findall(r"[a-zA-Z]{3,}", source.pattern)
    }
)
MORE = [
    "18M", "0.9 %", "r=16", "rank", "of the", "parameters", "trainable", "LoRA", "adapter",
    "hours",
    "10,139", "frames", "training", "on", "a", "q,", "k,", "(", ")", "–", "to", "Qwen2-VL-2B", "T4",
    "1,710", "steps", "epochs", "2B", "model", "base", "Level 1", "not", "\u201c", "'", "-", "|",
    ":",
]  # fmt: skip
SIZE, LIMIT = 20_000, 10.0
"""Characters, and seconds of processor time: an explosion takes minutes at a thousandth of it."""


def seconds(text):
    start = time.process_time()
    found(text, "pitvqa")
    return time.process_time() - start


@pytest.mark.parametrize(
    "words", ["r=16 rank ", "T4 ", "0.9 % ", "18M parameters ", "model training "]
)
def test_the_longest_sentence_takes_no_more_for_each_character(words):
    """Eight times the length takes some eight times as long; anew for each word, sixty-four."""
    seconds(words)
    short, long = (seconds(words * (size // len(words))) for size in (LONGEST // 8, LONGEST))
    assert long < 20 * short + 0.05


@pytest.mark.parametrize("word", MORE)
def test_one_word_again_and_again(word):
    assert seconds((word + " ") * (SIZE // (len(word) + 1))) < LIMIT


@pytest.mark.parametrize("seed", range(6))
def test_words_of_patterns_in_any_order(seed):
    chance = random.Random(seed)
    words = chance.choices(WORDS if seed % 2 else MORE + WORDS, k=SIZE // 8)
    assert seconds(" ".join(words)) < LIMIT


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MORE + WORDS), min_size=1, max_size=5), st.sampled_from(["", " "]))
def test_a_few_words_again_and_again(words, gap):
    once = gap.join(words) + gap
    assert seconds(once * (8_000 // len(once) + 1)) < LIMIT


@pytest.mark.parametrize(
    "sign", [" ", "a", "1", "1,", ".", "-", "%", "\u00a0", "9" * 50, "1e", "0."]
)
def test_signs(sign):
    assert seconds("LoRA rank " + sign * (SIZE // len(sign)) + " parameters") < LIMIT
