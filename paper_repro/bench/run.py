"""All that is timed, in its order, and the record of it.

On a CUDA card the base's true shape with random weights: in 4 bits as the notebook trains it, with
the frozen tower in the backward pass (as today's libraries have it) and without (as its own pins
had it), then in 16 bits by the package's engine, whose graphs and workspaces nothing then stands
beside. Without a card the miniature, which says nothing of a T4.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import clear_frames
from typing import Any

from paper_repro.bench import card as cards
from paper_repro.bench import notebook, own
from paper_repro.bench.clock import forget_peak
from paper_repro.bench.record import SCHEMA, Bench, Predicted
from paper_repro.bench.samples import Samples, samples
from paper_repro.bench.timed import Timed
from paper_repro.bench.traps import measured
from paper_repro.counting.build import build_model
from paper_repro.hardware.estimate import Estimate, estimate
from paper_repro.hardware.gpus import Gpu, gpus, known_as
from paper_repro.hardware.words import ends
from paper_repro.miniature import shipped
from paper_repro.study import Study, Variant
from paper_repro.training.bases import NF4, Bases, forked_rng
from paper_repro.training.describe import hardware, versions
from paper_repro.training.levels import put_on
from paper_repro.training.precision import choose, read_card
from paper_repro.training.workers import Workers

Tell = Callable[[str], None]
SMALL = (112, 112)
"""Frames of the miniature, in pixels."""
MINIATURE = "the miniature"


@dataclass(frozen=True)
class _Place:
    """Where and on what is timed."""

    study: Study
    variant: Variant
    config: Mapping[str, Any]
    device: str
    made: Samples
    seconds: float

    @property
    def rows(self) -> int:
        return self.study.dataset(self.variant.settings.dataset).train_rows

    def model(self, base: Any) -> Any:
        """The variant's adapters on a base, new ones."""
        with forked_rng():
            return put_on(base, self.variant.procedure.value, self.study.stack(self.variant)).model


def bench(
    study: Study, variant: Variant, size: tuple[int, int], seconds: float, tell: Tell
) -> Bench:
    """Time a variant's run.

    Args:
        size: width and height of a frame in pixels; the miniature's frames have their own.
        seconds: for the repeated steps of each of three ways, loading and warm-up apart.
        tell: is told what is going on.
    """
    import torch

    began = time.monotonic()
    on_card = torch.cuda.is_available()
    tell("reading the card" if on_card else "no CUDA card: the miniature on this CPU")
    card = cards.read() if on_card else {}
    config = study.configs[study.base(variant).id] if on_card else miniature()
    size = size if on_card else SMALL
    settings = variant.settings
    made = samples(config, size, settings.text_tokens, settings.batch * settings.accumulation)
    place = _Place(study, variant, config, "cuda" if on_card else "cpu", made, seconds)
    expected = _expected(study, variant, card, size) if on_card else {}
    found, unpacking = _notebooks(place, tell)
    tell("the package's engine, a base in 16 bits")
    found["default"] = _attempt(partial(_own, place, expected))
    ways = {name: each for name, each in found.items() if isinstance(each, Timed)}
    return Bench(
        schema=SCHEMA,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        took_seconds=time.monotonic() - began,
        device="cuda" if on_card else "cpu",
        card=card,
        hardware=hardware(Workers(device=place.device)),
        versions=versions(),
        size="full" if on_card else "mini",
        base=study.base(variant).hub if on_card else MINIATURE,
        variant=variant.id,
        width=size[0],
        height=size[1],
        samples=place.rows * settings.epochs,
        ways=ways,
        failed={name: each for name, each in found.items() if isinstance(each, str)},
        predicted={name: _predicted(found) for name, found in expected.items()},
        unpacking_seconds=unpacking,
        traps=measured(card, ways, unpacking) if on_card else (),
    )


def _notebooks(place: _Place, tell: Tell) -> tuple[dict[str, Timed | str], float]:
    """The notebook's cells with both ways of the tower, and the seconds that unpacking takes."""
    found: dict[str, Timed | str] = {}
    on_card = place.device == "cuda"
    with TemporaryDirectory(prefix="paper-repro-") as folder:
        tell("a base in 4 bits")
        base = Bases(place.config, Path(folder) / "base", place.device).fresh(NF4)
        unpacking = cards.unpacking(base) if on_card else 0.0
        model = place.model(base)
        for name, backward in (("notebook-today", True), ("notebook", False)):
            tower = "in the backward pass" if backward else "forward alone"
            tell(f"the notebook's cells, the frozen tower {tower}")
            train = partial(notebook.train, model, place.made, place.variant.settings)
            options = {"on_card": on_card, "rows": place.rows, "seconds": place.seconds}
            found[name] = _attempt(partial(train, tower_backward=backward, **options))
    return found, unpacking


def _attempt(do: Callable[[], Timed]) -> Timed | str:
    """What is timed, or what the card said when its memory did not suffice."""
    import torch

    try:
        return do()
    except torch.OutOfMemoryError as error:
        clear_frames(error.__traceback__)
        return str(error).partition(". ")[0]


def _own(place: _Place, expected: Mapping[str, Estimate]) -> Timed:
    on_card = place.device == "cuda"
    precision = choose("cuda", "bf16", read_card()) if on_card else choose("cpu")
    fitted = expected.get("default")
    forget_peak()
    with forked_rng():
        base = build_model(place.config, place.device, precision.compute)
    return own.train(
        place.model(base),
        place.made,
        place.variant.settings,
        precision,
        device=place.device,
        batch=fitted.batch if fitted else len(place.made.frames),
        checkpointing=fitted.how.checkpointing if fitted else False,
        rows=place.rows,
        seconds=place.seconds,
    )


def _expected(
    study: Study, variant: Variant, card: Mapping[str, Any], size: tuple[int, int]
) -> dict[str, Estimate]:
    """Of the ways that are timed, on the card as it is listed or else as it was just measured."""
    listed = known_as(card["name"])
    here = replace(gpus()[listed], memory=card["memory_bytes"]) if listed else _unlisted(card)
    names = ("default", "notebook-today", "notebook")
    return {name: estimate(study, variant, here, size, name) for name in names}


def _unlisted(card: Mapping[str, Any]) -> Gpu:
    best = max(card["fp16_flops_per_second"], card["bf16_flops_per_second"])
    return Gpu(
        name=card["name"],
        memory=card["memory_bytes"],
        bandwidth=card["memory_bytes_per_second"],
        nominal=best,
        sustained=best,
        source="measured just now",
        emulated=None if card["bf16_units"] else card["bf16_flops_per_second"],
    )


def _predicted(found: Estimate) -> Predicted:
    return Predicted(*ends(found.hours), sum(found.memory.values()))


def miniature() -> dict[str, Any]:
    """The shipped miniature's ``config.json``."""
    path = shipped("base") / "base" / "config.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return config
