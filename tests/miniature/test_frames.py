"""Drawn frames: the same for the same scene, things where they are said to be, uneven light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paper_repro.data.points import Point, quadrant
from paper_repro.miniature.frames import SIDE, _light, _mask, draw, lighting, scene
from paper_repro.miniature.things import (
    COLOURS,
    NAMED,
    PATTERNS,
    SHAPES,
    STEPS_OF,
    THINGS,
    TISSUE_OF,
    TISSUES,
    Look,
)

PLAIN = Look("pale", "smooth")


def four(seed: int, look: Look = PLAIN):
    random = np.random.default_rng(seed)
    things = [THINGS[i] for i in random.choice(len(THINGS), 4, replace=False)]
    return scene(random, look, things, [False] * 4)


def pixels(shown) -> np.ndarray:
    return np.asarray(draw(shown), dtype=float)


def test_a_scene_is_drawn_the_same_each_time_and_another_otherwise():
    one = four(0)
    frame = draw(one)
    assert frame.size == (SIDE, SIDE) and frame.mode == "RGB"
    assert frame.tobytes() == draw(one).tobytes()
    assert frame.tobytes() != draw(replace(one, seed=one.seed + 1)).tobytes()
    assert frame.tobytes() != draw(four(1)).tobytes()


@pytest.mark.parametrize("seed", range(20))
def test_each_thing_has_a_quadrant_and_a_place_inside_the_frame(seed):
    shown = four(seed)
    assert len({quadrant(Point(each.x, each.y, "")) for each in shown.placed}) == 4
    assert all(10 < each.x < 90 and 10 < each.y < 90 for each in shown.placed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.words)
def test_a_thing_lies_at_its_place_in_its_colour_under_the_light(thing, seed):
    shown = scene(np.random.default_rng(seed), PLAIN, [thing], [False], light=(1.0, 0.0))
    wanted = np.array(COLOURS[thing.colour]) * _light(1.0, 0.0)
    y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) * 100 / SIDE
    apart = np.abs(pixels(shown) - wanted).max(-1)
    apart[np.hypot(x - 50, y - 50) > 60] = 255
    alike = np.argwhere(apart < 25)
    assert len(alike) > 40
    row, column = np.median((alike + 0.5) * 100 / SIDE, axis=0)
    (one,) = shown.placed
    assert abs(column - one.x) < 8 and abs(row - one.y) < 8


def test_light_tells_where_something_lies():
    frame = pixels(scene(np.random.default_rng(0), PLAIN, [], [], light=(1.0, 0.0)))
    quarter = SIDE // 4
    left, right = frame[:, quarter : 2 * quarter], frame[:, 2 * quarter : 3 * quarter]
    assert left.mean() > right.mean() + 10
    red_over_blue = frame[..., 0] / (frame[..., 2] + 1)
    middle = slice(quarter, 3 * quarter)
    assert red_over_blue[:quarter, middle].mean() > red_over_blue[-quarter:, middle].mean() + 0.1


def test_light_of_an_endoscope_varies_little():
    gains, tilts = zip(*(lighting(np.random.default_rng(seed)) for seed in range(50)), strict=True)
    assert 0.85 <= min(gains) < 0.9 < 1.05 < max(gains) <= 1.1
    assert max(map(abs, tilts)) < 0.12


def test_tissues_and_patterns_look_different():
    looks = [Look(tissue, pattern) for tissue in TISSUES for pattern in PATTERNS]
    means = [
        pixels(scene(np.random.default_rng(1), look, [], [], light=(1.0, 0.0))).mean((0, 1))
        for look in looks
    ]
    closest = min(np.linalg.norm(means[i] - means[j]) for i in range(len(means)) for j in range(i))
    assert closest > 4


def test_every_name_of_the_label_set_looks_different():
    assert len(set(NAMED.values())) == len(NAMED) == len({one.colour for one in THINGS}) == 10


def test_every_step_looks_different():
    looks = [(TISSUE_OF[phase], look) for phase, steps in STEPS_OF.items() for _, look in steps]
    assert len(set(looks)) == len(looks) == 10


def test_every_shape_is_in_the_middle_and_fills_as_much_of_its_box_as_the_base_has_learned():
    filled = {
        "hoop": 0.55, "ball": 0.78, "fork": 0.5, "blade": 0.95,
        "cross": 0.46, "wedge": 0.5, "block": 0.97, "hook": 0.4,
    }  # fmt: skip
    assert filled.keys() == set(SHAPES)
    for shape, share in filled.items():
        mask = np.asarray(_mask(shape)) > 127
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert mask.sum() / box == pytest.approx(share, abs=0.02), shape
        assert 0.45 < rows.mean() / len(mask) < 0.55 > columns.mean() / len(mask) > 0.45


def test_an_unknown_shape_is_an_error():
    odd = THINGS[0]._replace(shape="star")
    with pytest.raises(ValueError, match="no shape 'star'"):
        draw(scene(np.random.default_rng(0), PLAIN, [odd], [False]))
