"""The train stage: every variant trained for a few real steps on a miniature Qwen2-VL.

Adapters have the study's own ranks, modules and optimizer; a 4-bit base goes through
bitsandbytes, and where a variant leaves that open both are tried and must agree. Evidence is
SHA-256 of tensors and bit-exact outputs. What the model learns is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from paper_repro.counting.build import check_targets
from paper_repro.errors import UserError
from paper_repro.judging import Key, Value
from paper_repro.study import Study, Variant
from paper_repro.training.bases import NF4, Bases
from paper_repro.training.miniature import CONFIG
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
from paper_repro.verify.stages.train.answers import ANSWERS
from paper_repro.verify.stages.train.trial import Bench, Trial

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROOM = 30 * 10**6
"""Bytes of disk: three times what the miniature's base and adapters take at their most."""


def findings(study: Study, wanted: Wanted, progress: Progress) -> Iterator[Finding]:
    """Yield the wanted findings; see :class:`paper_repro.verify.finding.StageRunner`.

    Raises:
        StageUnavailable: when a library or room on the disk is missing, or the miniature lacks a
            module that an adapter names.
    """
    questions = (*OBSERVED, *ANSWERS)
    if not any(subject.quantity in questions for subject in wanted):
        return
    progress("importing PyTorch, transformers, PEFT and bitsandbytes")
    need(Stage.TRAIN, "torch", "transformers", "peft", "bitsandbytes", "PIL")
    need_room(Stage.TRAIN, ROOM)
    with TemporaryDirectory(prefix="paper-repro-") as folder, one_thread():
        bases = Bases(CONFIG, Path(folder) / "base")
        bench = Bench(study, Path(folder), bases)
        _check_modules(study, bench.base)
        for variant in study.variants:
            trials = []
            for precision in precisions(variant, bases):
                progress(f"training the miniature in {precision}: {variant.title}")
                trials.append(bench.trial(variant, precision))
            for finding in _findings(variant, trials, questions):
                if finding.subject in wanted:
                    yield finding


@contextmanager
def one_thread() -> Iterator[None]:
    """Tensors this small are fastest on one thread, and then sums do not depend on the machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def precisions(variant: Variant, bases: Bases) -> tuple[str, ...]:
    """In which types the base is tried: both where the variant does not say."""
    if variant.quantized is None:
        return (bases.plain, NF4)
    return (NF4,) if variant.quantized else (bases.plain,)


def _findings(
    variant: Variant, trials: list[Trial], questions: tuple[str, ...]
) -> Iterator[Finding]:
    for quantity in questions:
        if quantity.startswith("lower.") and len(variant.adapters) == 1:
            continue
        of = variant.adapters[-1] if quantity.startswith("adapter.") else ""
        yield _finding(Subject(quantity, of), variant, trials)


def _finding(subject: Subject, variant: Variant, trials: list[Trial]) -> Finding:
    answers = [_answer(subject.quantity, trial) for trial in trials]
    values = {value for value, _ in answers}
    said: dict[str, list[str]] = {}
    for trial, (_, text) in zip(trials, answers, strict=True):
        said.setdefault(text, []).append(trial.precision)
    formula = "; ".join(
        f"miniature in {' and '.join(types)}: {text}" for text, types in said.items()
    )
    error = f"the precisions disagree: {formula}" if len(values) > 1 else None
    key = Key(variant.id)
    return Finding(subject, key, answers[0][0], formula, Evidence.MEASURED, Stage.TRAIN, error)


def _answer(quantity: str, trial: Trial) -> tuple[Value, str]:
    if quantity in OBSERVED:
        return OBSERVED[quantity](trial.observed)
    return ANSWERS[quantity](trial)


def _check_modules(study: Study, base: PreTrainedModel) -> None:
    try:
        for adapter in study.adapters:
            check_targets(base, adapter.target_modules)
    except UserError as error:
        raise StageUnavailable(
            f"the miniature is a Qwen2-VL: {error.problem} {error.expected}",
            "python -m paper_repro verify --study FOLDER --stage instantiate",
        ) from error
