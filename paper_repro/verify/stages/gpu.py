"""The gpu stage: the same steps at the base's true size, with random weights, on a CUDA card.

A few real steps a variant, batch as in its settings, frames of 112 × 112; SHA-256 of every base
tensor before and after. Needs about 12 GB of GPU memory and room for the 16-bit weights in the
temporary folder. Random weights say nothing of what the real model answers.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from paper_repro.judging import Key, Value
from paper_repro.study import Model, Study, Variant
from paper_repro.training.bases import Bases
from paper_repro.training.levels import trainable
from paper_repro.verify.finding import (
    Evidence,
    Finding,
    Progress,
    Stage,
    StageUnavailable,
    Subject,
    Wanted,
)
from paper_repro.verify.stages.needs import need, need_room
from paper_repro.verify.stages.observed import OBSERVED
from paper_repro.verify.stages.train import precisions
from paper_repro.verify.stages.train.trial import Bench

COMMAND = "python -m paper_repro verify --stage gpu"
COUNT = "trainable.parameters"
SEED = 1
ROOM = 10 * 10**9
"""Bytes of disk: 16-bit weights of 2.2 billion parameters, twice over."""


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """Yield the wanted findings; see :class:`paper_repro.verify.finding.StageRunner`.

    Raises:
        StageUnavailable: without CUDA, a library, a Qwen2-VL base, or room on the disk.
    """
    asked = {subject.quantity for subject in wanted} & {*OBSERVED, COUNT}
    if not asked:
        return
    progress("importing PyTorch, transformers, PEFT and bitsandbytes")
    need(Stage.GPU, "torch", "transformers", "peft", "bitsandbytes", "PIL")
    _need_card()
    for base in {
        study.base(variant).id: study.base(variant) for variant in study.variants
    }.values():
        _need_base(study, base)
        need_room(Stage.GPU, ROOM)
        with TemporaryDirectory(prefix="paper-repro-") as folder:
            bases = Bases(study.configs[base.id], Path(folder) / "base", "cuda")
            bench = Bench(study, Path(folder), bases)
            for variant in study.variants:
                for precision in precisions(variant, bases) if study.base(variant) == base else ():
                    progress(f"training {base.hub}'s shape in {precision}: {variant.title}")
                    for finding in _findings(bench, variant, precision):
                        if finding.subject in wanted:
                            yield finding


def _findings(bench: Bench, variant: Variant, precision: str) -> Iterator[Finding]:
    import torch

    levels, _, seen = bench.run(variant, precision, SEED)
    count = trainable(levels.model)
    where = f"true size in {precision} on {torch.cuda.get_device_name()}"
    trail = " → ".join(f"{step.trainable:,} ({step.name})" for step in levels.trail)
    yield _found(COUNT, variant, count, f"{where}: {trail}; steps took {seen.peak / 2**30:.1f} GiB")
    for quantity, look in OBSERVED.items():
        if not (quantity.startswith("lower.") and len(variant.adapters) == 1):
            value, text = look(seen)
            yield _found(quantity, variant, value, f"{where}: {text}")
    del levels
    gc.collect()
    torch.cuda.empty_cache()


def _found(quantity: str, variant: Variant, value: Value, formula: str) -> Finding:
    subject, key = Subject(quantity), Key(variant.id)
    return Finding(subject, key, value, formula, Evidence.MEASURED, Stage.GPU)


def _need_card() -> None:
    import torch

    if not torch.cuda.is_available():
        raise StageUnavailable("PyTorch finds no CUDA card on this machine", COMMAND)


def _need_base(study: Study, base: Model) -> None:
    kind = study.configs[base.id].get("model_type")
    if kind != "qwen2_vl":
        raise StageUnavailable(
            f"the gpu stage trains Qwen2-VL bases, and {base.hub} is {kind}",
            "python -m paper_repro verify --study FOLDER --stage instantiate",
        )
