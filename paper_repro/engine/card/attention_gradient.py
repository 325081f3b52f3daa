"""The gradient of query, key and value: the Triton kernels of :mod:`.attention`'s backward pass.

Half of the programs of :func:`attend_grad` find that of queries; the others that of keys and
values, one for every head of the query that looks at them.
"""

from __future__ import annotations

import triton
import triton.language as tl

from paper_repro.engine.card.rows import halves, store, store_turned_back, whole

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def part_along(
    grad, out, along, total, grad_row, HEADS: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr
):
    """Of the gradient of what tokens saw, its part along what they saw."""
    token, head = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), tl.program_id(1)
    inside = token < total
    above = whole(grad, grad_row, head, token, inside, WIDTH).to(tl.float32)
    seen = whole(out, HEADS * WIDTH, head, token, inside, WIDTH).to(tl.float32)
    tl.store(along + head * total + token, tl.sum(above * seen, 1), inside)


@triton.jit
def attend_grad(
    grad, made, qk, cos, sin, starts, along, sums, found, parts, total, grad_row, blocks, scale,
    HEADS: tl.constexpr, KEYS: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    number, head = tl.program_id(0), tl.program_id(1)
    begin = tl.load(starts + number // blocks)
    length = tl.load(starts + number // blocks + 1) - begin
    first = number % blocks * BLOCK
    if first >= length:
        return
    if head < HEADS:
        _key_grad(
            grad, made, qk, cos, sin, along, sums, parts, total, grad_row, scale, begin, length,
            first, head, HEADS, KEYS, HALF, BLOCK,
        )  # fmt: skip
    else:
        _query_grad(
            grad, made, qk, cos, sin, along, sums, found, total, grad_row, scale, begin, length,
            first, head - HEADS, HEADS, KEYS, HALF, BLOCK,
        )  # fmt: skip


@triton.jit
def _query_grad(
    grad, made, qk, cos, sin, along, sums, found, total, grad_row, scale, begin, length, first,
    head, HEADS: tl.constexpr, KEYS: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    WIDTH: tl.constexpr = 2 * HALF
    row: tl.constexpr = (HEADS + 2 * KEYS) * WIDTH
    shared = head // (HEADS // KEYS)
    place = first + tl.arange(0, BLOCK)
    inside = place < length
    token = begin + place
    left, right = halves(qk, (HEADS + KEYS) * WIDTH, head, token, inside, HALF)
    above = whole(grad, grad_row, head, token, inside, WIDTH)
    beside = tl.load(along + head * total + token, inside, 0.0)
    summed = tl.load(sums + head * total + token, inside, 0.0)
    of_left = tl.zeros([BLOCK, HALF], tl.float32)
    of_right = tl.zeros([BLOCK, HALF], tl.float32)
    for other in range(0, tl.minimum(first + BLOCK, length), BLOCK):
        key = other + tl.arange(0, BLOCK)
        known = key < length
        k_left, k_right = halves(
            qk, (HEADS + KEYS) * WIDTH, HEADS + shared, begin + key, known, HALF
        )
        value = whole(made, row, HEADS + KEYS + shared, begin + key, known, WIDTH)
        likeness = tl.dot(left, k_left.T) + tl.dot(right, k_right.T)
        seen = (key[None, :] <= place[:, None]) & known[None, :]
        weight = tl.where(seen, tl.exp2(likeness * (scale * LOG2E) - summed[:, None]), 0.0)
        of_weight = tl.dot(above, value.T)
        of_likeness = (weight * (of_weight - beside[:, None]) * scale).to(left.dtype)
        of_left = tl.dot(of_likeness, k_left, of_left)
        of_right = tl.dot(of_likeness, k_right, of_right)
    store_turned_back(found, row, head, of_left, of_right, cos, sin, token, inside, HALF)


@triton.jit
def _key_grad(
    grad, made, qk, cos, sin, along, sums, parts, total, grad_row, scale, begin, length, first,
    head, HEADS: tl.constexpr, KEYS: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    WIDTH: tl.constexpr = 2 * HALF
    row: tl.constexpr = (HEADS + 2 * KEYS) * WIDTH
    shared = head // (HEADS // KEYS)
    key = first + tl.arange(0, BLOCK)
    known = key < length
    token = begin + key
    k_left, k_right = halves(qk, (HEADS + KEYS) * WIDTH, HEADS + shared, token, known, HALF)
    value = whole(made, row, HEADS + KEYS + shared, token, known, WIDTH)
    of_left = tl.zeros([BLOCK, HALF], tl.float32)
    of_right = tl.zeros([BLOCK, HALF], tl.float32)
    of_value = tl.zeros([BLOCK, WIDTH], tl.float32)
    for other in range(first, length, BLOCK):
        place = other + tl.arange(0, BLOCK)
        inside = place < length
        left, right = halves(qk, (HEADS + KEYS) * WIDTH, head, begin + place, inside, HALF)
        above = whole(grad, grad_row, head, begin + place, inside, WIDTH)
        beside = tl.load(along + head * total + begin + place, inside, 0.0)
        summed = tl.load(sums + head * total + begin + place, inside, 0.0)
        likeness = tl.dot(k_left, left.T) + tl.dot(k_right, right.T)
        seen = (key[:, None] <= place[None, :]) & inside[None, :]
        weight = tl.where(seen, tl.exp2(likeness * (scale * LOG2E) - summed[None, :]), 0.0)
        of_value = tl.dot(weight.to(above.dtype), above, of_value)
        of_weight = tl.dot(value, above.T)
        of_likeness = (weight * (of_weight - beside[None, :]) * scale).to(left.dtype)
        of_left = tl.dot(of_likeness, left, of_left)
        of_right = tl.dot(of_likeness, right, of_right)
    store_turned_back(
        parts, 2 * HEADS * WIDTH, head, of_left, of_right, cos, sin, token, known, HALF
    )
    store(parts, 2 * HEADS * WIDTH, HEADS + head, of_value, token, known, WIDTH)
