"""All that a run needs before its first step: base, adapters, rows, tokens, kept tower outputs.

``prepare(settings, study, level1, workers, watcher)`` is the one place that knows where each comes
from. It trains nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_repro.errors import UserError
from paper_repro.training.base import Base, level1_folder, load_base
from paper_repro.training.bases import forked_rng
from paper_repro.training.examples import Examples, encode
from paper_repro.training.failures import COMMAND
from paper_repro.training.feature_shards import Unwritable
from paper_repro.training.features import Telling, keep
from paper_repro.training.levels import Levels, put_on
from paper_repro.training.order import Plan
from paper_repro.training.precision import Precision, choose, read_card
from paper_repro.training.recipes import adapters_of, procedure_of
from paper_repro.training.renamed import readable
from paper_repro.training.soundness import refuse_lost

if TYPE_CHECKING:
    from torch import nn

    from paper_repro.study import Study
    from paper_repro.training.settings import Settings
    from paper_repro.training.workers import Workers

KEPT = "features"
"""Folder of a run in which the tower's outputs are kept until it has finished."""


@dataclass(frozen=True)
class Prepared:
    """A run before its first step.

    Attributes:
        levels: the base with its adapters; None for Level 0, which trains the base.
        data: what was found in the rows, as ``DataReport.to_dict`` gives it.
        said: that report in plain words, a finding a line, and where tower outputs came from.
        revisions: of base, level1 and data: a commit, or empty for a folder.
    """

    settings: Settings
    base: Base
    levels: Levels | None
    precision: Precision
    examples: Examples
    plan: Plan
    data: dict[str, Any]
    revisions: dict[str, str]
    said: tuple[str, ...] = field(repr=False, default=())

    @property
    def model(self) -> nn.Module:
        """What is trained."""
        return self.levels.model if self.levels else self.base.model

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a record is to keep of adapters and tower outputs."""
        features = self.examples.features
        problems = features.problems if features else ()
        return (*(self.levels.said if self.levels else ()), *problems)


def prepare(
    settings: Settings, study: Study, folder: Path, workers: Workers, telling: Telling
) -> Prepared:
    """Get everything ready.

    Args:
        folder: of the run: a Level 1 that it trains itself stands in ``level1``, and tower outputs
            are kept in ``features`` where the settings name no other folder.

    Raises:
        UserError: something cannot be had, read or used.
    """
    device = workers.device
    precision = precision_of(settings, device)
    telling("loading the base", 0, 0)
    base = load_base(settings, precision, device)
    levels, commit = _levels(settings, study, folder / "level1", base)
    model = levels.model if levels else base.model
    if not levels:
        base.model.model.visual.requires_grad_(not settings.features)
    rows, data, said, revision = _rows(settings, telling)
    examples = encode(
        rows, base.processor, settings.labels, settings.max_length, at_once=settings.level > 0
    )
    plan = Plan(
        rows=len(examples),
        batch=settings.batch,
        accumulation=settings.accumulation,
        epochs=settings.epochs,
        seed=settings.seed if settings.level > 0 else None,
        max_steps=settings.max_steps,
    )
    if settings.features:
        with precision.autocast(device):
            examples = _kept(settings, examples, model, folder, workers, telling)
    revisions = {"base": base.revision, "level1": commit, "data": revision}
    said += examples.features.said if examples.features else ()
    return Prepared(settings, base, levels, precision, examples, plan, data, revisions, said)


def kept_in(settings: Settings, folder: Path) -> Path:
    """The folder of a run's tower outputs.

    Args:
        folder: of the run.
    """
    return Path(settings.features_cache) if settings.features_cache else folder / KEPT


def forget(settings: Settings, folder: Path) -> None:
    """Delete the tower outputs that were kept for this run alone."""
    own, named = (folder / KEPT).resolve(), kept_in(settings, folder).resolve()
    if not settings.features_cache or own not in (named, *named.parents):
        shutil.rmtree(own, ignore_errors=True)


def precision_of(settings: Settings, device: str) -> Precision:
    """How the base is held and computed on this device."""
    card = read_card(int(device.partition(":")[2] or 0)) if device.startswith("cuda") else None
    return choose(device, settings.precision, card)


def _kept(
    settings: Settings,
    examples: Examples,
    model: nn.Module,
    folder: Path,
    workers: Workers,
    telling: Telling,
) -> Examples:
    """With tower outputs."""
    place = kept_in(settings, folder)
    try:
        return keep(examples, model, place, workers, telling=telling)
    except Unwritable as error:
        raise UserError(
            f"The frozen tower's outputs cannot be kept in {place}.",
            expected=error.expected,
            got=error.got,
            next_command=f"make room, or name another folder: {COMMAND} --resume {folder} "
            "--features-cache DIR",
        ) from None


def _levels(settings: Settings, study: Study, below: Path, base: Base) -> tuple[Levels | None, str]:
    """The base with its adapters, and the commit of Level 1."""
    if settings.level == 0:
        return None, ""
    adapters = adapters_of(study, settings.level, settings.variant)
    base.model.name_or_path = base.name
    if len(adapters) == 1:
        return _put_on(settings, study, base, {}), ""
    folder, commit = level1_folder(settings, below)
    name = settings.base or base.name
    with readable(folder, name, base.model.config.to_dict()) as (place, renamed):
        levels = _put_on(settings, study, base, {adapters[0].id: place})
        refuse_lost(levels.earlier, place)
    return replace(levels, said=(*renamed, *levels.said)), commit


def _put_on(settings: Settings, study: Study, base: Base, saved: dict[str, Path]) -> Levels:
    import torch

    with forked_rng():
        torch.manual_seed(settings.seed)
        return put_on(
            base.model,
            procedure_of(study, settings.level, settings.variant),
            adapters_of(study, settings.level, settings.variant),
            saved,
        )


def _rows(settings: Settings, telling: Telling) -> tuple[Any, dict[str, Any], tuple[str, ...], str]:
    """The training rows, the report on all of them in two forms, and the data's commit."""
    from paper_repro.data.problems import check, usable_rows
    from paper_repro.data.source import load_rows
    from paper_repro.miniature.rows import Lessons, drawn_splits

    if settings.level == 0:
        taken = settings.batch * settings.accumulation * (settings.max_steps or 1)
        count = max(1, taken // settings.epochs)
        lessons = Lessons(count, settings.seed)
        drawn = {"name": "lessons, drawn as they are needed", "rows": {"train": count}}
        return lessons, drawn, (), ""
    if settings.data:
        telling(f"reading {settings.data}", 0, 0)
        splits = load_rows(settings.data, settings.data_revision)
    else:
        telling("drawing frames", 0, 0)
        splits = drawn_splits(settings.level)
    report = check(splits, lambda done, total: telling("checking rows", done, total))
    rows = usable_rows(splits, report, "train")
    return rows, report.to_dict(), tuple(report.lines()), splits.revision or ""
