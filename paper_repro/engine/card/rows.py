"""Reading and writing a head's channels at some tokens; functions of other Triton kernels."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def whole(base, row, head, tokens, inside, WIDTH: tl.constexpr):
    """A head's channels, [tokens, WIDTH]; 0 where not inside."""
    at = base + tokens[:, None] * row + head * WIDTH + tl.arange(0, WIDTH)[None, :]
    return tl.load(at, inside[:, None], 0.0)


@triton.jit
def halves(base, row, head, tokens, inside, HALF: tl.constexpr):
    """Both halves of a head's channels, [tokens, HALF] each."""
    at = base + tokens[:, None] * row + head * 2 * HALF + tl.arange(0, HALF)[None, :]
    return tl.load(at, inside[:, None], 0.0), tl.load(at + HALF, inside[:, None], 0.0)


@triton.jit
def angles(cos, sin, tokens, inside, HALF: tl.constexpr):
    """Cosine and sine of the tokens' angles, [tokens, HALF] each."""
    at = tokens[:, None] * HALF + tl.arange(0, HALF)[None, :]
    return tl.load(cos + at, inside[:, None], 0.0), tl.load(sin + at, inside[:, None], 0.0)


@triton.jit
def turned(base, row, head, cos, sin, tokens, inside, HALF: tl.constexpr):
    """Both halves, turned by their tokens' angles."""
    left, right = halves(base, row, head, tokens, inside, HALF)
    c, s = angles(cos, sin, tokens, inside, HALF)
    first, second = left.to(tl.float32), right.to(tl.float32)
    kind = left.dtype
    return (first * c - second * s).to(kind), (second * c + first * s).to(kind)


@triton.jit
def store_halves(base, row, head, left, right, tokens, inside, HALF: tl.constexpr):
    """Write both halves of a head's channels."""
    to = base + tokens[:, None] * row + head * 2 * HALF + tl.arange(0, HALF)[None, :]
    kind = base.dtype.element_ty
    tl.store(to, left.to(kind), inside[:, None])
    tl.store(to + HALF, right.to(kind), inside[:, None])


@triton.jit
def store_turned_back(base, row, head, left, right, cos, sin, tokens, inside, HALF: tl.constexpr):
    """Write the gradient of halves from that of the turned ones."""
    c, s = angles(cos, sin, tokens, inside, HALF)
    store_halves(base, row, head, left * c + right * s, right * c - left * s, tokens, inside, HALF)


@triton.jit
def store(base, row, head, values, tokens, inside, WIDTH: tl.constexpr):
    """Write a head's channels."""
    to = base + tokens[:, None] * row + head * WIDTH + tl.arange(0, WIDTH)[None, :]
    tl.store(to, values.to(base.dtype.element_ty), inside[:, None])
