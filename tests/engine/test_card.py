"""The kernels for cards against plain PyTorch, gradients too.

Without a card Triton's interpreter runs them where Triton is there: ``TRITON_INTERPRET=1 pytest -m
gpu tests/engine/test_card.py``.
"""

from __future__ import annotations

import os

import pytest
import torch

from paper_repro.engine.attention import Rows, attend
from paper_repro.engine.gated import gated

pytestmark = pytest.mark.gpu
HEADS, KEYS, HALF = 4, 2, 16
WIDTH = 2 * HALF
LENGTHS = {"short": [70, 5, 64, 33, 129], "one": [1], "filled up": [63, 65, 1], "long": [300, 511]}


@pytest.fixture(scope="module")
def device():
    pytest.importorskip("triton")
    import paper_repro.engine.card.attention
    import paper_repro.engine.card.gated  # noqa: F401

    if torch.cuda.is_available():
        return "cuda"
    if os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("neither a card nor Triton's interpreter")
    return "cpu"


def rows(lengths, device):
    """The same rows for the kernel, and laid out with padding."""
    starts = torch.tensor([0, *lengths], device=device).cumsum(0).int()
    nothing = torch.empty(0, dtype=torch.long, device=device)
    offsets = torch.arange(max(lengths), device=device)
    inside = offsets < torch.tensor(lengths, device=device)[:, None]
    there = torch.where(inside, starts[:-1, None] + offsets, 0).long()
    back = inside.flatten().nonzero().squeeze(1)
    return Rows(starts, max(lengths), nothing, nothing), Rows(starts, max(lengths), there, back)


@pytest.mark.parametrize("which", LENGTHS)
def test_attention_and_its_gradient(device, which):
    lengths = LENGTHS[which]
    tokens = sum(lengths)
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, generator=generator).to(device)

    made = drawn(tokens, (HEADS + 2 * KEYS) * WIDTH).requires_grad_()
    angles = 3 * drawn(tokens, 1, HALF)
    cos, sin = angles.cos(), angles.sin()
    above = drawn(tokens, HEADS * WIDTH + 8)[:, : HEADS * WIDTH]  # as of a slice
    found = []
    for one in rows(lengths, device):
        out = attend(made, cos, sin, one, HEADS, KEYS)
        found.append((out.detach(), *torch.autograd.grad(out, made, above)))
    for own, wanted in zip(*found, strict=True):
        torch.testing.assert_close(own, wanted, rtol=5e-3, atol=5e-3)  # a card rounds to tf32


def test_the_gated_mlps_gradient(device):
    made = torch.randn(7, 600, device=device, requires_grad=True)
    above = torch.randn(7, 300, device=device)
    own, wanted = (
        torch.autograd.grad(gated(made, kernel), made, above)[0] for kernel in (True, False)
    )
    torch.testing.assert_close(own, wanted, rtol=1e-5, atol=1e-5)


def test_all_copies_are_renewed_and_nothing_else(device):
    from paper_repro.engine.card.renew import Copy, renewal

    block = torch.zeros(50, 2040, dtype=torch.float16, device=device)
    a, b = torch.randn(3, 2030, device=device), torch.randn(20, 3, device=device)
    wanted = block.clone()
    wanted[40:43, :2030], wanted[:20, 2035:2038] = a.half(), (2.0 * b).half()
    made = renewal([Copy(a, block[40:43, :2030], 1.0), Copy(b, block[:20, 2035:2038], 2.0)])
    made()
    assert block.equal(wanted)
    a.mul_(3)
    made()
    assert block[40:43, :2030].equal(a.half()) and block[:40].equal(wanted[:40])
    assert renewal([]) is None
