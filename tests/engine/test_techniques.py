"""Every technique can be switched off alone, and nothing but rounding changes."""

from __future__ import annotations

import pytest
import torch

from paper_repro.engine import TECHNIQUES
from paper_repro.engine.engine import LONG, MANY, OFTEN
from paper_repro.engine.packed import Sizes
from paper_repro.engine.techniques import Device, reasons_against
from paper_repro.miniature.config import fresh_base
from paper_repro.training.feed import expected
from paper_repro.training.order import Plan
from paper_repro.training.precision import choose
from paper_repro.training.step import start
from tests.training.bench import (
    RATE,
    SETTINGS,
    apart,
    examples,
    kept,
    run,
    schedule,
    stack,
    theirs,
    trained,
)

STEPS = 12
ANYWHERE = ("packing", "labelled", "last-layer", "one-product")
"""On a CPU the others are off in any case."""
CARD = Device("cuda", (9, 0), half=True, triton=True)


def trajectory(device, without=(), precision="fp32", steps=STEPS):
    """Losses and trained tensors of a run under dropout, with shapes that come again."""
    model = stack(dropout=0.1).to(device)
    training = start(
        model, "adamw_torch", schedule(steps), **SETTINGS, seed=3,
        precision=choose(device, precision, _card(device)), without=without,
    )  # fmt: skip
    plan = Plan(12, batch=1, accumulation=4, epochs=9, seed=2)
    training.engine.expect(list(expected(kept(), plan)) * MANY)
    losses = run(training, steps)
    return losses, trained(training), training.engine


def _card(device):
    from paper_repro.training.precision import read_card

    return read_card() if device == "cuda" else None


@pytest.fixture(scope="module")
def plain():
    """On the CPU, with every technique that works there."""
    losses, tensors, _ = trajectory("cpu")
    return losses, tensors


def is_the_same(plain, device, without):
    losses, tensors, made = trajectory(device, without)
    assert losses == pytest.approx(plain[0], rel=1e-5)
    assert apart({n: t.cpu() for n, t in tensors.items()}, plain[1]) < 1e-4
    assert all(name in made.off for name in without)
    assert len(set(losses)) == STEPS


@pytest.mark.parametrize("name", ANYWHERE)
def test_without_any_one_a_run_is_the_same_to_rounding(plain, name):
    is_the_same(plain, "cpu", (name,))


@pytest.mark.gpu
@pytest.mark.parametrize("without", [(), *((name,) for name in TECHNIQUES)])
def test_on_a_card_it_is_that_of_the_cpu(plain, without):
    is_the_same(plain, "cuda", without)


@pytest.mark.gpu
def test_the_kernel_for_packed_rows_gives_what_padded_rows_give():
    """In bf16, in which alone it runs: as far apart as two roundings to 8 bits are."""
    with_it, without = (trajectory("cuda", off, "bf16") for off in ((), ("kernel",)))
    assert "kernel" not in with_it[2].off and "kernel" in without[2].off
    assert with_it[0] == pytest.approx(without[0], rel=1e-2) and with_it[0] != without[0]


@pytest.mark.parametrize("name", ANYWHERE)
def test_a_technique_that_is_off_is_really_off(name):
    """What is computed has other sizes, or is another function."""
    seen = []
    for without in ((), (name,)):
        made = start(stack(), "adamw_torch", RATE, without=without).engine
        packed = made.pack(kept().batch(range(4)))
        decoder = made.decoder
        seen.append(
            {
                "packing": len(packed.ids),
                "labelled": len(packed.scored),
                "last-layer": decoder.last_scored,
                "one-product": decoder.layers[0].qkv.as_one,
            }
        )
    differing = {key for key in seen[0] if seen[0][key] != seen[1][key]}
    assert differing == {name}


def test_a_base_that_is_trained_follows_transformers_own():
    """Level 0: no adapters, every weight of the language model trained."""
    batch, (model, _) = kept().batch(range(3)), fresh_base(0)
    model.model.visual.requires_grad_(False)
    training = start(model, "adamw_torch", RATE)
    assert training.engine.decoder is None
    training.engine.backward(training.engine.pack(batch), torch.ones(()))
    found = {n: t.grad.clone() for n, t in training.trained.items()}
    model.zero_grad()
    rows = [theirs(examples().batch([row])) for row in range(3)]
    sum(model(**row, use_cache=False).loss for row in rows).backward()
    assert apart(found, {n: t.grad for n, t in training.trained.items()}) < 1e-5


def test_on_a_card_all_are_on():
    assert reasons_against(CARD, frozen=True) == {}


@pytest.mark.parametrize(
    ("device", "frozen", "off"),
    [
        (Device("cpu"), True, {"kernel", "compile", "graphs"}),
        (CARD._replace(half=False), True, {"kernel"}),
        (CARD._replace(capability=(7, 5)), True, {"kernel"}),
        (CARD._replace(triton=False), True, {"kernel", "compile"}),
        (CARD, False, {"one-product", "compile", "graphs"}),
    ],
)
def test_what_is_off_has_a_reason(device, frozen, off):
    found = reasons_against(device, frozen)
    assert found.keys() == off and all(found.values())
    asked = reasons_against(device, frozen, ["packing"])
    assert asked["packing"] == "as asked" and asked.keys() == {*off, "packing"}


def test_sizes_decide_the_layout():
    """Rows of the same fitted length are laid out alike, so that one graph is right for them."""
    made = start(stack(), "adamw_torch", RATE).engine
    made.off = {}
    seen = {}
    for length in range(1, 2 * LONG):
        layout = made._layout(length)
        seen.setdefault(layout.sizes([length], 1, 0).longest, set()).add(layout[2:])
    assert all(len(kinds) == 1 for kinds in seen.values())
    found = [next(iter(kinds)) for kinds in seen.values()]
    assert set(found) == {(True, 16), (False, 128)} and found.count((False, 128)) == LONG // 128


def test_what_is_worth_compiling_follows_from_the_whole_plan():
    """Sizes that come often enough, whatever came before; on a CPU none."""
    made = start(stack(), "adamw_torch", RATE).engine
    passes = [([60, 70], 20, 32)] * OFTEN + [([300, 10], 9, 32)] * (OFTEN - 1)
    made.expect(passes)
    assert made.often == frozenset()
    assert made.off.keys() == {"kernel", "compile", "graphs"}
    made.off = {}
    made.expect(passes)
    assert made.often == {Sizes(144, 32, 32, 2, 80)}
    assert made.off.keys() == {"compile"} and "200" in made.off["compile"] and not made.compiled
    made.off = {}
    made.expect([([60 + 16 * n], 20, 32) for n in range(MANY)])
    assert made.often == frozenset() and made.compiled and made.off.keys() == {"graphs"}
    made.off = {"compile": "as asked"}
    made.expect([([127], 20, 32)] * OFTEN + [([128], 20, 32)] * OFTEN)
    assert made.often == {Sizes(128, 32, 32, 1, 128), Sizes(144, 32, 32, 1, 128)}
