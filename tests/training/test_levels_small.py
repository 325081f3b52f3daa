"""The three procedures on the miniature with real weights: what is trained, and what it hears."""

from __future__ import annotations

import pytest

from paper_repro.counting.instantiate import weights
from paper_repro.miniature.config import fresh_base
from paper_repro.study import load_study
from paper_repro.training.bases import forked_rng
from paper_repro.training.levels import adapter_tensors, base_parameters, put_on, trainable
from paper_repro.training.schedule import Cosine
from paper_repro.training.step import start
from tests.training.bench import LAYERS, run

STUDY = load_study()
VARIANTS = ("stated", "seven-modules", "notebook")


def levels_of(variant_id):
    """A variant's adapters, as the study configures them, on an untrained miniature."""
    import torch

    variant = STUDY.variant(variant_id)
    with forked_rng():
        torch.manual_seed(1)
        return put_on(fresh_base(0)[0], variant.procedure, STUDY.stack(variant))


@pytest.fixture(scope="module")
def levels():
    return {variant: levels_of(variant) for variant in VARIANTS}


def size(modules, r):
    """Weights of adapters in five layers of width 128: in plus out, times the rank."""
    widths = {"q": 256, "k": 192, "v": 192, "o": 256, "gate": 512, "up": 512, "down": 512}
    return LAYERS * r * sum(widths[module] for module in modules)


ATTENTION, SEVEN = ("q", "k", "v", "o"), ("q", "k", "v", "o", "gate", "up", "down")
MLP = ("gate", "up", "down")


def test_the_trail_says_what_is_trainable_after_each_step(levels):
    spatial, unified = size(ATTENTION, 16), size(SEVEN, 32)
    notebook = size(ATTENTION, 16) + size(MLP, 32)
    assert [tuple(step) for step in levels["stated"].trail] == [
        ("unified put on", unified),
        ("unified and spatial active", unified + spatial),
        ("unified frozen", spatial),
    ]
    assert [step.trainable for step in levels["seven-modules"].trail] == [size(SEVEN, 16)]
    assert [tuple(step) for step in levels["notebook"].trail] == [
        ("unified loaded as trainable", unified),
        ("prepare_model_for_kbit_training", 0),
        ("get_peft_model again", notebook),
    ]
    for one in levels.values():
        assert trainable(one.model) == one.trail[-1].trainable
        assert not any(t.requires_grad for t in base_parameters(one.model).values())


def test_in_the_stack_both_are_active_and_only_the_new_one_is_trainable(levels):
    model = levels["stated"].model
    assert list(model.base_model.active_adapters) == ["unified", "spatial"]
    for name, tensor in adapter_tensors(model).items():
        assert tensor.requires_grad == (name.split(".")[-2] == "spatial")
    layers = [m for m in model.modules() if hasattr(m, "lora_A") and len(m.lora_A) == 2]
    assert len(layers) == LAYERS * 4
    assert all(layer.active_adapters == ["unified", "spatial"] for layer in layers)


@pytest.mark.parametrize("words", ["for a second time", "Already found a `peft_config`"])
def test_only_the_notebooks_cells_are_warned_of(levels, words):
    warned = [
        variant for variant in VARIANTS if any(words in said for said in levels[variant].said)
    ]
    assert warned == ["notebook"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_move_exactly_what_is_trainable(variant):
    one = levels_of(variant)
    before = {name: t.detach().clone() for name, t in one.model.named_parameters()}
    may = {name for name, t in one.model.named_parameters() if t.requires_grad}
    training = start(one.model, "adamw_torch", Cosine(1e-3, 9), max_grad_norm=1.0)
    assert all(map(bool, run(training, 2)))
    after = dict(one.model.named_parameters())
    assert {name for name, t in after.items() if not t.equal(before[name])} == may
    assert sum(weights(after[name]) for name in may) == one.trail[-1].trainable


def test_both_adapters_of_the_stack_are_in_its_outputs(levels):
    """Each is filled in turn, and each changes the loss."""
    import torch

    from paper_repro.engine.engine import engine
    from tests.training.bench import kept

    model, batch = levels["stated"].model.eval(), kept().batch([0, 1])
    with torch.no_grad():
        losses = [engine(model).loss(batch).item()]
        for adapter in ("unified", "spatial"):
            for name, tensor in model.named_parameters():
                if f"lora_B.{adapter}" in name:
                    tensor.fill_(0.01)
            losses.append(engine(model).loss(batch).item())
    assert len(set(losses)) == 3
