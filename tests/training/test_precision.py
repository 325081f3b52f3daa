"""Which numbers a run computes in: a table of cards and wishes, and what a real card says."""

from __future__ import annotations

import pytest

from paper_repro.errors import UserError
from paper_repro.training.precision import NAMES, Card, choose, deterministic, read_card

T4 = Card("Tesla T4", (7, 5), bf16=False)
A100 = Card("NVIDIA A100", (8, 0), bf16=True)


@pytest.mark.parametrize(
    ("device", "card", "asked", "name", "compute"),
    [
        ("cpu", None, None, "fp32", "float32"),
        ("cpu", None, "fp32", "fp32", "float32"),
        ("cpu", None, "bf16", "bf16", "bfloat16"),
        ("cpu", None, "fp16", "fp16", "float16"),
        ("cpu", None, "nf4", "nf4", "float32"),
        ("cuda", A100, None, "nf4", "bfloat16"),
        ("cuda:1", A100, "nf4", "nf4", "bfloat16"),
        ("cuda", A100, "bf16", "bf16", "bfloat16"),
        ("cuda", A100, "fp16", "fp16", "float16"),
        ("cuda", A100, "fp32", "fp32", "float32"),
        ("cuda", T4, None, "nf4", "float16"),
        ("cuda:0", T4, "nf4", "nf4", "float16"),
        ("cuda", T4, "bf16", "fp16", "float16"),
        ("cuda", T4, "fp16", "fp16", "float16"),
        ("cuda", T4, "fp32", "fp32", "float32"),
    ],
)
def test_what_is_chosen(device, card, asked, name, compute):
    import torch

    chosen = choose(device, asked, card)
    assert (chosen.name, chosen.compute) == (name, compute)
    assert chosen.dtype is getattr(torch, compute)
    assert chosen.quantised == (name == "nf4")
    assert chosen.scaled == (compute == "float16")


@pytest.mark.parametrize("asked", [None, "nf4", "bf16"])
def test_a_card_that_only_emulates_bf16_says_so(asked):
    reason = choose("cuda", asked, T4).reason
    assert reason == (
        "Tesla T4 (compute capability 7.5) has no bf16 units and would only emulate them: "
        "fp16 with a gradient scaler instead."
    )


def test_every_choice_gives_one_sentence_of_reason():
    chosen = [choose(*at) for at in (("cpu",), ("cuda", None, A100), ("cuda", "fp16", T4))]
    assert [one.reason for one in chosen] == [
        "A CPU: float32.",
        "NVIDIA A100 (compute capability 8.0) has bf16 units.",
        "Tesla T4: fp16 as asked.",
    ]


@pytest.mark.parametrize("asked", ["fp8", "BF16", ""])
def test_an_unknown_precision_is_refused(asked):
    with pytest.raises(UserError) as caught:
        choose("cpu", asked)
    assert str(caught.value) == (
        f"There is no precision {asked!r}.\n"
        f"  expected: {', '.join(NAMES)}\n"
        f"  got:      {asked!r}\n"
        "  next:     python -m paper_repro train --help"
    )


def test_a_card_is_asked_for_where_there_is_one():
    with pytest.raises(ValueError, match="expected a card for a CUDA device, got None"):
        choose("cuda")


@pytest.mark.parametrize("asked", ["fp32", "bf16", "fp16"])
def test_products_are_computed_in_the_chosen_type(asked):
    import torch

    chosen = choose("cpu", asked)
    weight = torch.ones(4, 4)
    with chosen.autocast("cpu"):
        assert (weight @ weight).dtype is chosen.dtype
    assert (weight @ weight).dtype is torch.float32


def test_deterministic_kernels_are_asked_for_inside_alone():
    import torch

    def now():
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.utils.deterministic.fill_uninitialized_memory,
        )

    before = now()
    with deterministic(False):
        assert now() == before
    with pytest.raises(KeyError), deterministic(True):
        assert now() == (True, True, False)
        raise KeyError
    assert now() == before


@pytest.mark.gpu
def test_a_real_card_is_asked_without_emulation():
    import torch

    card = read_card()
    assert card.name and card.capability == torch.cuda.get_device_capability(0)
    assert card.bf16 == (card.capability >= (8, 0))
    chosen = choose("cuda", None, card)
    assert chosen.quantised and chosen.scaled != card.bf16 and card.name in chosen.reason
    weight = torch.ones(4, 4, device="cuda")
    with chosen.autocast("cuda:0"):
        assert (weight @ weight).dtype is chosen.dtype
