"""Packing drops padding and nothing else, for rows of any lengths."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paper_repro.engine import IGNORED
from paper_repro.engine.engine import engine
from paper_repro.engine.packed import Layout, pack
from tests.training.bench import apart, gradients, kept, stack

LAYOUTS = st.builds(Layout, st.booleans(), st.booleans(), st.booleans(), st.sampled_from((1, 8)))
ROWS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=5)
"""Lengths, and from which token on a row is labelled."""


def made(rows):
    """A micro-batch of text: every token's number is its row and place."""
    width = max(length for length, _ in rows)
    ids = torch.arange(len(rows)).unsqueeze(1) * 100 + torch.arange(width) + 1
    mask = torch.tensor([[int(place < length) for place in range(width)] for length, _ in rows])
    first = torch.tensor([start for _, start in rows]).unsqueeze(1)
    learned = (mask == 1) & (torch.arange(width) >= first)
    return {
        "input_ids": ids * mask,
        "attention_mask": mask,
        "labels": torch.where(learned, ids, IGNORED),
        "mm_token_type_ids": torch.zeros_like(ids),
        "image_grid_thw": torch.zeros((0, 3), dtype=torch.long),
    }


@given(ROWS, LAYOUTS)
def test_every_token_is_there_once_and_every_label_counts_by_its_share(rows, layout):
    packed = pack(made(rows), torch.zeros(0, 4), 2, 0, 0, layout)
    there = packed.ids[packed.ids != 0].tolist()
    assert there == [row * 100 + place + 1 for row, (n, _) in enumerate(rows) for place in range(n)]
    labels = [[place for place in range(max(1, first), n)] for n, first in rows]
    wanted = [
        (row * 100 + place, row * 100 + place + 1, 1 / len(own))
        for row, own in enumerate(labels)
        for place in own
    ]
    scored = zip(packed.ids[packed.scored], packed.targets, packed.shares, strict=True)
    found = [(int(a), int(b), float(share)) for a, b, share in scored if share > 0]
    assert [pair[:2] for pair in found] == [pair[:2] for pair in wanted]
    assert [pair[2] for pair in found] == pytest.approx([pair[2] for pair in wanted])


@given(ROWS, LAYOUTS)
def test_sizes_are_multiples_of_the_unit_and_rows_cover_all_tokens(rows, layout):
    packed = pack(made(rows), torch.zeros(0, 4), 2, 0, 0, layout)
    assert len(packed.ids) % layout.unit == len(packed.scored) % layout.unit == 0
    starts = packed.rows.starts.tolist()
    assert starts == sorted(starts) and starts[0] == 0
    assert packed.rows.longest >= max(end - start for start, end in pairwise(starts))
    there = sum(n for n, _ in rows) if layout.packing else len(rows) * max(n for n, _ in rows)
    if layout.kernel:
        assert not packed.rows.there.numel() and starts[-1] == len(packed.ids)
    else:
        laid = packed.rows.there.flatten()[packed.rows.back]
        assert laid[:there].tolist() == list(range(there)) and starts[-1] == there
        assert len(packed.rows.there) == len(rows) and len(laid) == len(packed.ids)


@pytest.mark.parametrize("unit", [1, 64])
def test_what_fills_up_changes_nothing(unit):
    model = stack()
    engine_of = engine(model)
    data = kept().batch(range(5))
    merge = 2
    results = []
    for layout in (Layout(), Layout(unit=unit)):
        loss = engine_of.decoder.loss(pack(data, data["features"], merge, 0, 0, layout), False)
        loss.backward()
        results.append((loss.item(), gradients(model)))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-6)
    assert apart(results[1][1], results[0][1]) < 1e-5
