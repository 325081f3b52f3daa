"""Settings are plain data; a value that no run can have is refused before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from paper_repro.errors import UserError
from paper_repro.training.settings import (
    FREE,
    Change,
    Settings,
    changes,
    may_go_on,
    refuse_unusable,
)

START = Settings(level=2, size="mini", variant="stated", batch=4, accumulation=2)


def test_they_come_back_from_a_record():
    through = json.loads(json.dumps(START.to_dict() | {"compute": "float32"}))
    assert Settings.from_dict(through) == START
    for field in fields(Settings):
        named = {n: v for n, v in through.items() if n != field.name}
        if field.name in ("level", "size"):
            with pytest.raises(TypeError):
                Settings.from_dict(named)
        else:
            assert Settings.from_dict(named) == replace(START, **{field.name: field.default})


def test_what_differs_is_named_in_order():
    assert changes(START, START) == ()
    now = replace(START, seed=1, labels="sequence")
    found = (Change("labels", "answer", "sequence"), Change("seed", 42, 1))
    assert changes(START, now) == found


@pytest.mark.parametrize(
    ("changed", "may"),
    [
        ({"batch": 8, "accumulation": 1}, True),
        ({"batch": 1, "accumulation": 8}, True),
        ({"batch": 8}, False),
        ({"accumulation": 4}, False),
        ({"checkpointing": True}, True),
        ({"features": False}, True),
        ({"without": "packing"}, True),
        ({"checkpointing": True, "batch": 8}, False),
    ],
)
def test_how_a_step_is_computed_may_change_but_not_its_rows(changed, may):
    now = replace(START, **changed)
    assert all(may_go_on(change, START, now) for change in changes(START, now)) is may


def test_at_level_0_a_tower_that_is_kept_is_not_trained():
    start = replace(START, level=0, base="./base")
    (change,) = changes(start, replace(start, features=False))
    assert not may_go_on(change, start, replace(start, features=False))


def test_nothing_else_may_change():
    other = {"level": 1, "size": "full", "labels": "sequence", "max_steps": 3}
    for field in fields(Settings):
        if field.name not in FREE:
            value = other.get(field.name, "another")
            now = replace(START, **{field.name: value})
            (change,) = changes(START, now)
            assert not may_go_on(change, START, now), field.name


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ({"optimizer": "sgd"}, "adamw_torch, adamw_8bit, paged_adamw_8bit"),
        ({"precision": "fp8"}, "nf4, bf16, fp16, fp32"),
        ({"labels": "prompt"}, "answer, sequence"),
        (
            {"without": "packing, padding"},
            "packing, labelled, last-layer, one-product, kernel, compile, graphs",
        ),
        ({"level": 0}, "--no-features, as the tower of a new base is trained, or --base DIR"),
        ({"level": 0, "precision": "nf4"}, "bf16, fp16 or fp32, as Level 0 trains every weight"),
    ],
)
def test_what_no_run_can_have(changed, known):
    with pytest.raises(UserError) as error:
        refuse_unusable(replace(START, **changed))
    assert error.value.expected == known


def test_the_rest_is_usable():
    refuse_unusable(START)
    refuse_unusable(replace(START, without="packing, graphs"))
    refuse_unusable(replace(START, level=0, features=False))
    refuse_unusable(replace(START, level=0, base="./base"))
