"""Pictures of several moments or of one height, and a tower that fails half-way."""

from __future__ import annotations

import pytest
import torch

from paper_repro.engine.positions import positions
from paper_repro.engine.tower import tower_outputs
from paper_repro.miniature.config import fresh_base


@pytest.fixture(scope="module")
def base():
    return fresh_base(0)[0]


def test_positions_of_several_moments_are_those_of_transformers(base):
    grid = torch.tensor([[3, 4, 6], [1, 8, 4], [2, 4, 4]])
    tokens = [2 + 18 + 3 + 8 + 1, 1 + 8 + 4]
    types = torch.zeros((2, max(tokens)), dtype=torch.int)
    types[0, 2:20] = types[0, 23:31] = types[1, 1:9] = 1
    mask = torch.stack([torch.arange(max(tokens)) < count for count in tokens]).long()
    wanted, _ = base.model.get_rope_index(
        torch.zeros_like(mask), mm_token_type_ids=types, image_grid_thw=grid, attention_mask=mask
    )
    assert torch.equal(positions(types == 1, mask, grid, 2), wanted)


@pytest.mark.parametrize(
    "grid",
    [
        [[1, 4, 4], [1, 4, 8]],
        [[1, 4, 8], [1, 8, 8]],
        [[1, 4, 8], [1, 8, 4]],
        [[2, 4, 4], [1, 4, 4]],
    ],
    ids=["one height", "one width", "turned", "moments"],
)
def test_outputs_of_unlike_pictures_are_those_of_transformers(base, grid):
    sizes = torch.tensor(grid)
    generator = torch.Generator().manual_seed(0)
    made = torch.randn((int(sizes.prod(1).sum()), 1176), generator=generator)
    with torch.no_grad():
        wanted = torch.cat(base.model.get_image_features(made, sizes).pooler_output)
        found = tower_outputs(base, made, sizes)
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_pictures_of_one_size_attend_in_one_product_a_block(base, monkeypatch):
    products = []
    attend = torch.nn.functional.scaled_dot_product_attention

    def counted(query, *others, **options):
        products.append(query.shape[0])
        return attend(query, *others, **options)

    monkeypatch.setattr("torch.nn.functional.scaled_dot_product_attention", counted)
    with torch.no_grad():
        tower_outputs(base, torch.zeros((5 * 16, 1176)), torch.tensor([[1, 4, 4]] * 5))
    assert products == [5] * base.config.vision_config.depth


def test_a_pass_that_fails_leaves_the_tower_as_it_was(base):
    before = base.model.visual.config._attn_implementation
    with pytest.raises(RuntimeError):
        tower_outputs(base, torch.zeros((16, 7)), torch.tensor([[1, 4, 4]]))
    assert base.model.visual.config._attn_implementation == before
