"""What the calculator should find, worked out by the package, and a grid of choices."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.bases import BUILT_IN, resolve_base
from paper_repro.counting.count import count, nominal_size
from paper_repro.counting.denominators import LABELS, denominators, percent
from paper_repro.counting.families import architecture_of
from paper_repro.counting.lora import LoraSpec, wrap
from paper_repro.hardware.estimate import Estimate, Run, adapters_on, estimate_run
from paper_repro.hardware.flops import sample, text_sample
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.ways import WAYS
from paper_repro.site.calculator.tables import (
    FRAMES,
    HALVES,
    NF4,
    TOKENS,
    modules_of,
    start,
    ways_of,
)
from paper_repro.study import load_study
from paper_repro.study.document import document_sum

STUDY = load_study()
OWN = "Qwen/Qwen2-VL-2B-Instruct"
START = start(STUDY)
Choice = dict[str, Any]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
SEVEN = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
MODULES = (ATTENTION, SEVEN, ("q_proj", "v_proj"), ("o_proj", "down_proj"), ("all-linear",))
RUNS = ((9125, 3, 1, 16), (4645, 3, 2, 4), (100_000, 1, 8, 8), (1, 1, 1, 1), (777, 10, 3, 5))
"""Rows, epochs, samples a pass, passes an update."""


CALCULATE = "choices => choices.map(window.paperRepro.calculate)"


@cache
def base_of(hub: str) -> tuple[dict[str, Any], Architecture]:
    config = resolve_base(hub)[1]
    return config, architecture_of(config)


def grid(size: int, seed: int = 7) -> list[Choice]:
    """Choices of every base, in every form, by every way; the rest is drawn."""
    draw = random.Random(seed)
    fixed = [
        (hub, quantisation, way)
        for hub in BUILT_IN
        for quantisation in (NF4, HALVES)
        for way in ways_of(base_of(hub)[1])
        if quantisation == HALVES or WAYS[way].launched
    ]
    return [drawn(draw, *each) for each in itertools.islice(itertools.cycle(fixed), size)]


def drawn(draw: random.Random, hub: str, quantisation: str, way: str) -> Choice:
    rows, epochs, batch, accumulation = draw.choice(RUNS)
    width, height = draw.choice(FRAMES)
    names = [name for name in modules_of(base_of(hub)[1]) if name != "all-linear"]
    some = draw.sample(names, draw.randint(1, len(names)))
    return {
        "base": hub,
        "quantisation": quantisation,
        "rank": draw.choice((1, 2, 8, 16, 32, 37, 64, 256, 1024)),
        "modules": some if draw.random() < 0.3 else list(draw.choice(MODULES)),
        "frame": f"{width}x{height}",
        "tokens": draw.choice(TOKENS),
        "rows": rows,
        "epochs": epochs,
        "batch": batch,
        "accumulation": accumulation,
        "way": way,
        "card": draw.choice(list(gpus())),
    }


def spec_of(choice: Choice) -> LoraSpec:
    return LoraSpec(choice["rank"], tuple(choice["modules"]))


def told(choice: Choice) -> dict[str, Any]:
    """What the page should find, worked out by the package."""
    hub, nf4 = choice["base"], choice["quantisation"] == NF4
    _, architecture = base_of(hub)
    counted = count(architecture, [spec_of(choice)], NF4 if nf4 else None, name=hub)
    total = document_sum(STUDY) if hub == OWN else None
    wholes = denominators(architecture, counted.added, total, nominal_size(hub))
    wholes = {id: whole for id, whole in wholes.items() if nf4 or id != "packed-4bit"}
    layers = wrap(architecture, spec_of(choice)).layers
    inside = {"language": 0, "vision": 0}
    for group, copies in layers:
        inside[group.tower] += choice["rank"] * copies * (group.fan_in + group.fan_out)
    return {
        "trained": counted.trainable,
        "inTower": inside["vision"],
        "base": counted.base,
        "total": counted.total,
        "naive": counted.naive_sum,
        "shares": [
            {
                "id": id,
                "label": LABELS[id],
                "parameters": whole,
                "percent": float(percent(counted.trainable, whole)),
            }
            for id, whole in wholes.items()
        ],
        "estimates": None if inside["vision"] else by_card(choice),
    }


def by_card(choice: Choice) -> dict[str, dict[str, Any]]:
    config, architecture = base_of(choice["base"])
    width, height = map(int, choice["frame"].split("x"))
    tokens = choice["tokens"]
    sizes = (
        sample(config, width, height, tokens) if architecture.vision else text_sample(tokens)
    )  # fmt: skip
    adapters = adapters_on(architecture, spec_of(choice))
    shape = (choice[name] for name in ("rows", "epochs", "batch", "accumulation"))
    run = Run(config, adapters, sizes, *shape)
    way = replace(WAYS[choice["way"]], quantised=choice["quantisation"] == NF4)
    return {id: of_card(estimate_run(run, card, way)) for id, card in gpus().items()}


def of_card(found: Estimate) -> dict[str, Any]:
    assert found.hours.low is not None and found.hours.high is not None
    return {
        "batch": found.batch,
        "checkpointing": found.how.checkpointing,
        "fits": found.fits,
        "boundBy": found.seconds.bound_by,
        "parts": found.memory,
        "bytes": sum(found.memory.values()),
        "hours": [float(found.hours.low), float(found.hours.high)],
    }


def differences(page: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Where the page's result is another; counts and shares exactly, estimates to 1e-9."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            yield from differences(page[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(page) == len(expected), where
        for place, value in enumerate(expected):
            yield from differences(page[place], value, f"{where}[{place}]")
    elif isinstance(expected, float) and ".estimates" in where:
        if not math.isclose(page, expected, rel_tol=1e-9, abs_tol=0):
            yield f"{where}: {page} for {expected}"
    elif page != expected:
        yield f"{where}: {page} for {expected}"
