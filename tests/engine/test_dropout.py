"""Dropout as a function of numbers: the right share, no pattern, the same however it is drawn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.engine.dropout import left, masks, mixed, thresholds, token_numbers

SHARE = 0.05


def tokens(count=400, seed=1, step=2, row=0):
    rows = torch.full((count,), row)
    return token_numbers(seed, step, rows, torch.arange(count))


def dropped(numbers, pieces=2, share=SHARE, channels=300):
    """[pieces, tokens, channels], true where a value is gone."""
    least = thresholds([share] * pieces)
    return ~masks(numbers, torch.arange(pieces, dtype=torch.int32), least, channels)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=50, unique=True))
def test_mixing_is_one_to_one(numbers):
    assert len(set(mixed(torch.tensor(numbers, dtype=torch.int32)).tolist())) == len(numbers)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_share_is_right_overall_and_by_token_and_channel(share):
    gone = dropped(tokens(), share=share).float()
    for axes in ((0, 1, 2), (0, 1), (0, 2)):
        found = gone.mean(axes)
        count = gone.numel() / max(1, found.numel())
        error = (share * (1 - share) / count) ** 0.5
        assert float((found - share).abs().max()) < 4.5 * error
        if found.numel() > 1:
            assert float(found.std()) == pytest.approx(error, rel=0.2)


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (1, 1), (0, 2), (0, 16), (2, 3)])
def test_neighbours_drop_out_independently(shift):
    gone = dropped(tokens(), share=0.5)[0].float() * 2 - 1
    down, right = shift
    product = gone[down:, right:] * gone[: gone.shape[0] - down, : gone.shape[1] - right]
    assert abs(float(product.mean())) < 4.5 / product.numel() ** 0.5


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"step": 3}, {"row": 1}, {"seed": 2, "step": 1}, {"seed": 0, "step": 0}]
)
def test_another_seed_step_or_row_drops_out_others(other):
    one, two = (dropped(numbers, share=0.5) for numbers in (tokens(), tokens(**other)))
    same = (one == two).float()
    assert abs(float(same.mean()) - 0.5) < 4.5 * 0.5 / same.numel() ** 0.5


@pytest.mark.parametrize("seed", [-1, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
def test_a_seed_of_any_size_is_one_of_its_own(seed):
    numbers = [tokens(seed=one).tolist() for one in (seed, 0, seed % 2**31)]
    assert numbers[0] not in numbers[1:]


def test_pieces_drop_out_independently():
    first, second = dropped(tokens(), share=0.5)
    same = (first == second).float()
    assert abs(float(same.mean()) - 0.5) < 4.5 * 0.5 / same.numel() ** 0.5


def test_a_token_drops_out_the_same_wherever_it_stands():
    numbers = tokens()
    order = torch.randperm(len(numbers), generator=torch.Generator().manual_seed(0))
    assert dropped(numbers[order]).equal(dropped(numbers)[:, order])


def test_every_piece_has_its_own_share_and_share_0_drops_nothing():
    least = thresholds([0.3, 0.0, 0.6])
    stay = masks(tokens(), torch.arange(3, dtype=torch.int32), least, 300)
    assert [float(own.float().mean()) for own in stay] == pytest.approx([0.7, 1.0, 0.4], abs=0.01)
    assert stay[1].all()
    alone = masks(tokens(), torch.tensor([2], dtype=torch.int32), least[2:], 300)
    assert alone[0].equal(stay[2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_left_is_the_value_itself_or_zero_in_its_type(dtype):
    stay = ~dropped(tokens(), pieces=1, share=0.5)[0]
    x = torch.randn(stay.shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    found = left(x, stay)
    assert found.dtype is dtype
    assert found.equal(torch.where(stay, x, torch.zeros((), dtype=dtype)))
