"""The settings that ``train``'s options mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paper_repro.errors import UserError


def of_begun(folder: Path, out: Path | None) -> Any:
    """Settings of a run that is to go on.

    Raises:
        UserError: another folder is asked for, or there is no record of a run.
    """
    from paper_repro.training.record import read_record
    from paper_repro.training.settings import Settings

    if out is not None:
        raise UserError(
            "A run goes on in its own folder.",
            expected="--resume DIR without --out",
            got=f"--out {out}",
            next_command=f"python -m paper_repro train --resume {folder}",
        )
    return Settings.from_dict(read_record(folder).settings)


def of_new(
    level: int | None,
    size: str,
    variant: str | None,
    changed: dict[str, Any],
    device: str | None,
) -> Any:
    """Settings of a new run, refused before anything heavy is imported where they cannot be.

    Args:
        changed: those that the options name, by the names of :class:`Settings`.

    Raises:
        UserError: no level is named, or options do not fit it or one another.
    """
    from dataclasses import replace

    from paper_repro.study import load_study
    from paper_repro.training.recipes import STACKED, as_cut, defaults, refuse_unused
    from paper_repro.training.settings import refuse_unusable
    from paper_repro.training.workers import started

    if level is None:
        raise UserError(
            "Which level is to be trained is not said.",
            expected="0, 1 or 2, or --resume DIR",
            got="neither",
            next_command="python -m paper_repro train 2",
        )
    study = load_study()
    refuse_unused(study, level, variant, changed)
    on_card = size == "full" and device_of(device) == "cuda"
    start = defaults(study, level, size, variant or STACKED, on_card, started())  # type: ignore[arg-type]
    settings = replace(start, **as_cut(start, changed))
    refuse_unusable(settings)
    return settings


def with_revisions(given: dict[str, Any]) -> dict[str, Any]:
    """``name@revision`` in settings that take one; another name never has the default one."""
    from paper_repro.cli.predict import pinned

    for name in ("base", "level1", "data"):
        if name in given:
            given[name], given[f"{name}_revision"] = pinned(given[name])
    return given


def device_of(asked: str | None) -> str:
    """``cpu`` or ``cuda``, as asked for or as there is; torch is asked only where it has to be."""
    if asked == "cpu":
        return asked
    from paper_repro.evaluation.loading import choose_device

    return choose_device(asked)
