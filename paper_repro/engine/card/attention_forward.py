"""What every token sees of its own row: the Triton kernel of :mod:`.attention`'s forward pass."""

from __future__ import annotations

import triton
import triton.language as tl

from paper_repro.engine.card.rows import store, store_halves, turned, whole

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def attend(
    made, cos, sin, starts, out, qk, sums, total, blocks, scale,
    HEADS: tl.constexpr, KEYS: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    number, head = tl.program_id(0), tl.program_id(1)
    begin = tl.load(starts + number // blocks)
    length = tl.load(starts + number // blocks + 1) - begin
    first = number % blocks * BLOCK
    if first >= length:
        return
    WIDTH: tl.constexpr = 2 * HALF
    row: tl.constexpr = (HEADS + 2 * KEYS) * WIDTH
    shared = head // (HEADS // KEYS)
    place = first + tl.arange(0, BLOCK)
    inside = place < length
    token = begin + place
    left, right = turned(made, row, head, cos, sin, token, inside, HALF)
    store_halves(qk, (HEADS + KEYS) * WIDTH, head, left, right, token, inside, HALF)
    if head % (HEADS // KEYS) == 0:
        k_left, k_right = turned(made, row, HEADS + shared, cos, sin, token, inside, HALF)
        store_halves(
            qk, (HEADS + KEYS) * WIDTH, HEADS + shared, k_left, k_right, token, inside, HALF
        )
    most = tl.full([BLOCK], -float("inf"), tl.float32)
    weights = tl.zeros([BLOCK], tl.float32)
    mixed = tl.zeros([BLOCK, WIDTH], tl.float32)
    for other in range(0, tl.minimum(first + BLOCK, length), BLOCK):
        key = other + tl.arange(0, BLOCK)
        known = key < length
        k_left, k_right = turned(made, row, HEADS + shared, cos, sin, begin + key, known, HALF)
        value = whole(made, row, HEADS + KEYS + shared, begin + key, known, WIDTH)
        likeness = tl.dot(left, k_left.T) + tl.dot(right, k_right.T)
        seen = (key[None, :] <= place[:, None]) & known[None, :]
        likeness = tl.where(seen, likeness * (scale * LOG2E), -float("inf"))
        new_most = tl.maximum(most, tl.max(likeness, 1))
        weight = tl.exp2(likeness - new_most[:, None])
        shrink = tl.exp2(most - new_most)
        weights = weights * shrink + tl.sum(weight, 1)
        mixed = tl.dot(weight.to(value.dtype), value, mixed * shrink[:, None])
        most = new_most
    store(out, HEADS * WIDTH, head, mixed / weights[:, None], token, inside, WIDTH)
    tl.store(sums + head * total + token, most + tl.log2(weights), inside)
