"""The notebook's bytes, tensor by tensor: sums that were read off an H200 at its peak."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.counting.bases import resolve_base
from paper_repro.counting.families import architecture_of
from paper_repro.hardware.estimate import adapters_of
from paper_repro.hardware.flops import Sample, Tower
from paper_repro.hardware.memory import Adapters, held, memory
from paper_repro.hardware.ways import WAYS
from paper_repro.study import load_study

STUDY = load_study()
CONFIG = STUDY.configs["qwen2-vl-2b"]
ARCHITECTURE = architecture_of(CONFIG)
ADAPTERS = adapters_of(STUDY, STUDY.variant("stated"))
TODAY, PINNED = WAYS["notebook-today"], WAYS["notebook"]
VOCABULARY = 151_936
LAUNCHED = [name for name, way in WAYS.items() if way.launched]


def bytes_of(patches, tokens, way, adapters=ADAPTERS):
    sizes = Sample(patches, tokens, tokens)
    return memory(CONFIG, ARCHITECTURE, sizes, way, adapters, update=16)


PEAKS = [
    ("notebook-today", 4784, 1267, 6_507_262_976),
    ("notebook", 4784, 1267, 5_679_284_736),
    ("notebook-today", 256, 135, 3_093_015_552),
]
"""Most bytes of 16 or 32 passes of the notebook's cells, in a process that did nothing else before:
torch 2.11, transformers 5.17, dropout 0.05, frames of 1288 × 728 and of 224 × 224 pixels."""


@pytest.mark.parametrize(("way", "patches", "tokens", "peak"), PEAKS)
def test_the_notebooks_peak_is_met(way, patches, tokens, peak):
    parts = bytes_of(patches, tokens, WAYS[way])
    assert sum(parts.values()) == pytest.approx(peak, rel=0.03)


def test_a_4_bit_base_is_held_in_three_forms():
    """Weights of 28 layers, of the tower's 32 and of its merger, by hand."""
    linear = 28 * 46_792_704 + 32 * 19_660_800 + 34_078_720
    embedding = VOCABULARY * 1536
    forms = held(ARCHITECTURE, quantised=True)
    assert forms["packed"] == pytest.approx(linear * (4 + 8 / 64 + 32 / (64 * 256)) / 8)
    assert forms["cast"] == 4 * (2_208_985_600 - linear) > 4 * embedding
    assert forms["copied"] == 2 * embedding
    assert sum(forms.values()) == bytes_of(256, 135, PINNED)["weights"]
    assert held(ARCHITECTURE, quantised=False) == {"halves": 2 * 2_208_985_600}


def test_of_untied_embeddings_the_output_alone_is_copied():
    architecture = architecture_of(resolve_base("Qwen/Qwen2-VL-7B-Instruct")[1])
    assert held(architecture, quantised=True)["copied"] == 2 * 152_064 * 3584


def test_logits_are_three_float32_at_once():
    """Each of 771,227,136 bytes where 1269 tokens are scored."""
    assert bytes_of(4784, 1269, TODAY)["logits"] == 3 * 4 * 1269 * VOCABULARY == 3 * 771_227_136


def test_activations_are_those_that_were_there():
    """Inputs of 32 and 28 layers, the output of either stack, embeddings, patches in 16 bits, and
    the pixels of 16 samples."""
    tower, language, pixels = 24_494_080, 7_796_736, 22_503_936
    found = bytes_of(4784, 1269, TODAY)["activations"]
    assert found == 33 * tower + tower / 2 + 30 * language + 16 * pixels
    alone = bytes_of(4784, 1269, PINNED)["activations"]
    assert alone == 30 * language + 16 * pixels


@pytest.mark.parametrize("name", LAUNCHED)
def test_dropout_adds_nothing_to_the_notebooks_peak(name):
    """6.5073 GB with it, 6.5076 GB without."""
    without = replace(ADAPTERS, dropped=0)
    assert bytes_of(4784, 1267, WAYS[name]) == bytes_of(4784, 1267, WAYS[name], without)


@given(st.integers(0, 10**5), st.integers(0, 10**5), st.sampled_from(sorted(WAYS)))
def test_dropout_never_frees_anything(dropped, more, name):
    some, larger = (
        sum(bytes_of(256, 135, WAYS[name], Adapters(4_358_144, 36_929_536, 48, d)).values())
        for d in (dropped, dropped + more)
    )
    assert some <= larger


@given(st.integers(4, 5000), st.integers(1, 1500), st.integers(0, 500), st.sampled_from(LAUNCHED))
def test_patches_and_tokens_never_cost_less(patches, tokens, more, name):
    way = WAYS[name]
    found = sum(bytes_of(patches, tokens, way).values())
    assert sum(bytes_of(patches + more, tokens, way).values()) >= found
    assert sum(bytes_of(patches, tokens + more, way).values()) >= found


@given(st.integers(4, 5000), st.integers(1, 1500))
def test_a_tower_in_the_backward_pass_is_never_cheaper(patches, tokens):
    today, forward = (sum(bytes_of(patches, tokens, way).values()) for way in (TODAY, PINNED))
    assert (TODAY.tower, PINNED.tower) == (Tower.RECOMPUTED, Tower.FORWARD)
    assert today > forward


def test_an_updates_pixels_do_not_grow_with_the_batch_below_it():
    sizes = Sample(4784, 1267, 1267)
    one, two, many = (
        memory(CONFIG, ARCHITECTURE, sizes, PINNED, ADAPTERS, batch, 16)["activations"]
        for batch in (1, 2, 32)
    )
    of_one = 30 * 4 * 1267 * 1536
    assert two - one == of_one
    assert many - one == 31 * of_one + 16 * 22_503_936
