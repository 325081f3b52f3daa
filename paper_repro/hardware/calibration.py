"""What was measured on cards, and how far an estimate of the same is from it.

``measured.toml`` is written by ``benchmarks/calibration.py`` from the committed records.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from paper_repro.counting.architecture import Architecture
from paper_repro.counting.families import architecture_of
from paper_repro.hardware.estimate import SLACK, adapters_of
from paper_repro.hardware.flops import sample
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.hours import seconds
from paper_repro.hardware.memory import Adapters, memory
from paper_repro.hardware.ways import WAYS
from paper_repro.study import load_study

SAME = {"notebook-fp16": "notebook"}
"""Ways that are one and the same on cards with units for bfloat16, as all measured ones are."""


@dataclass(frozen=True)
class Measured:
    """Steps of the built-in study's ``stated`` variant at true shape.

    Attributes:
        record: file in ``benchmarks/records``.
        date: when.
        torch, transformers: their versions.
        gpu: id of the card.
        way: how a step was computed.
        width, height: of a frame in pixels.
        text_tokens: of a sample, beside its frame's; a mean.
        scored: tokens of a sample that the head scores; a mean.
        batch: samples a pass.
        dropout: whether adapters dropped out.
        pictures: whether frames were prepared at every pass.
        seconds: of one sample.
        peak_bytes: most bytes allocated.
    """

    record: str
    date: str
    torch: str
    transformers: str
    gpu: str
    way: str
    width: int
    height: int
    text_tokens: int
    scored: int
    batch: int
    dropout: bool
    pictures: bool
    seconds: float
    peak_bytes: int


class Estimated(NamedTuple):
    """Seconds of one sample, the least and the most, and bytes."""

    seconds: tuple[float, float]
    bytes: float


class Error(NamedTuple):
    """Estimated over measured: of time, the middle of the interval; and of memory."""

    time: float
    memory: float


class Calibration(NamedTuple):
    """Of all runs of a way.

    Attributes:
        runs: how many.
        cards: on which.
        time, memory: the least and the most of estimated over measured.
    """

    runs: int
    cards: tuple[str, ...]
    time: tuple[float, float]
    memory: tuple[float, float]

    @property
    def words(self) -> str:
        """In half a sentence."""
        times, bytes = (
            f"{low:.2f} – {high:.2f} of what was measured" for low, high in (self.time, self.memory)
        )
        where = " and ".join(self.cards)
        return f"in {self.runs} runs on {where} time came to {times}, memory to {bytes}"


@cache
def measured() -> tuple[Measured, ...]:
    """Every run."""
    text = (Path(__file__).parent / "measured.toml").read_text(encoding="utf-8")
    return tuple(Measured(**run) for run in tomllib.loads(text)["runs"])


@cache
def _trained() -> tuple[dict[str, Any], Architecture, Adapters, int]:
    """Config and census of the base, the adapters on it, and samples of an update, of all runs."""
    study = load_study()
    variant = study.variant("stated")
    config = study.configs[study.base(variant).id]
    update = variant.settings.batch * variant.settings.accumulation
    return config, architecture_of(config), adapters_of(study, variant), update


def estimated(run: Measured) -> Estimated:
    """What an estimate gives for a run, with its own batch, dropout and preparing of frames."""
    config, architecture, adapters, update = _trained()
    if not run.dropout:
        adapters = replace(adapters, dropped=0)
    sizes = replace(sample(config, run.width, run.height, run.text_tokens), scored=run.scored)
    way = WAYS[run.way]
    parts = memory(config, architecture, sizes, way, adapters, run.batch, update)
    took = seconds(
        config, architecture, sizes, way, adapters, gpus()[run.gpu], run.batch, run.pictures
    )
    ends = max(took.card, took.host[0]), took.card * SLACK + took.host[1]
    return Estimated(ends, sum(parts.values()))


def error(run: Measured) -> Error:
    """How far the estimate of a run is from it."""
    found = estimated(run)
    return Error(math.sqrt(math.prod(found.seconds)) / run.seconds, found.bytes / run.peak_bytes)


@cache
def calibration(way: str) -> Calibration:
    """Of the runs of a way, by its name in ``WAYS``, each of which has some."""
    runs = [run for run in measured() if run.way == SAME.get(way, way)]
    errors = [error(run) for run in runs]
    times, bytes = zip(*errors, strict=True)
    cards = tuple(dict.fromkeys(gpus()[run.gpu].name for run in runs))
    return Calibration(len(runs), cards, (min(times), max(times)), (min(bytes), max(bytes)))
