"""``train``: a level, for real."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from paper_repro.engine import TECHNIQUES


class Size(StrEnum):
    """Sizes, as ``--size`` takes them."""

    mini = "mini"
    full = "full"


def train(
    level: Annotated[
        int | None, typer.Argument(min=0, max=2, help="0 pre-training in small, 1 or 2.")
    ] = None,
    size: Annotated[
        Size | None,
        typer.Option(help="mini (the default): drawn frames, two CPU cores. full: the 2B model."),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(help="Of Level 2: stated (the default), seven-modules or notebook."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run. Default: runs/SIZE-LEVEL-VARIANT.", metavar="DIR"),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with an interrupted run, bit for bit.")
    ] = None,
    level1: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Level 1 under Level 2: a run, an adapter's folder, or a hub name, also "
            "name@revision. Default: mini trains it first, full downloads the published one.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Another base: a folder, or a hub name, also name@revision.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Other rows: a folder, or a hub name, also name@revision.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Of the frozen base: nf4, bf16, fp16 or fp32.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="answer, or sequence: prompt and placeholders too.")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Rows of one pass.")] = None,
    accumulation: Annotated[
        int | None, typer.Option(min=1, help="Passes of an optimizer step.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over all rows.")] = None,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Optimizer steps, instead of epochs.")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="adamw_torch, adamw_8bit or paged_adamw_8bit.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="At its highest.")] = None,
    warmup: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the steps in which it rises.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(min=0, help="Of matrices.")] = None,
    max_grad_norm: Annotated[
        float | None, typer.Option(min=0, help="Gradients are clipped.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=1, help="Tokens of the longest row.")
    ] = None,
    checkpointing: Annotated[
        bool | None, typer.Option(help="Recompute activations: less memory, more time.")
    ] = None,
    features: Annotated[
        bool | None, typer.Option(help="Run the frozen tower once a frame, or at every pass.")
    ] = None,
    features_cache: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Keep what the frozen tower gave in this folder, for other runs too. Default: in "
            "the run's folder, until it has finished.",
        ),
    ] = None,
    without: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help=f"Exact techniques to do without, by comma: {', '.join(TECHNIQUES)}.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of adapters, order of rows, dropout.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda. Default: cuda where there is a card.")
    ] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 100,
    loaders: Annotated[
        int | None,
        typer.Option(min=0, help="Processes that prepare rows. Default: one a core for Level 0."),
    ] = None,
    push: Annotated[
        str, typer.Option(metavar="NAME", help="Upload checkpoints to this hub repository.")
    ] = "",
    show_settings: Annotated[
        bool,
        typer.Option("--show-settings", help="Print settings beside the paper's words, and stop."),
    ] = False,
) -> None:
    """Train a level: 0 the miniature's base, 1 classification, 2 pointing.

    Ctrl-C or SIGTERM saves the state after the step in hand. Exit status: 0 finished, 2 could not
    run, 130 or 143 interrupted.
    """
    from paper_repro.cli.plan import show_plan

    given = {
        "level1": level1,
        "base": base,
        "data": data,
        "precision": precision,
        "labels": labels,
        "batch": batch,
        "accumulation": accumulation,
        "epochs": epochs,
        "max_steps": max_steps,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "max_grad_norm": max_grad_norm,
        "max_length": max_length,
        "checkpointing": checkpointing,
        "features": features,
        "features_cache": features_cache,
        "without": without,
        "seed": seed,
    }
    changed = _with_revisions({name: value for name, value in given.items() if value is not None})
    if resume is None:
        folder, settings = out, _settings(level, size, variant, changed, device)
    else:
        what = {"level": level, "size": size and size.value, "variant": variant}
        changed |= {name: value for name, value in what.items() if value is not None}
        folder, settings = resume, _settings_of(resume, out)
    if show_settings:
        show_plan(settings)
        return
    how = {"device": device, "save_every": save_every, "loaders": loaders, "push": push}
    _run(settings, folder or Path("runs", _name(settings)), changed if resume else None, how)


def _run(settings: Any, folder: Path, changed: dict[str, Any] | None, how: dict[str, Any]) -> None:
    """Train or, with changes or none of them, go on; then say what came of it."""
    from paper_repro.cli.card import leave
    from paper_repro.cli.training import going, show_run

    if how["loaders"] is None:
        how["loaders"] = (os.cpu_count() or 1) if settings.level == 0 else 0
    with going() as watcher:
        from paper_repro.training.context import Options
        from paper_repro.training.run import resume, train

        options = Options(**{**how, "device": _device(how["device"])}, command=_command())
        if changed is None:
            record = train(settings, folder, options, watcher)
        else:
            record = resume(folder, options, watcher, changed)
    if int(os.environ.get("RANK", "0")) == 0:
        leave(record, folder)
        show_run(record, folder)
    if record.status == "interrupted":
        raise typer.Exit(130 if "SIGINT" in record.said else 143)


def _settings_of(folder: Path, out: Path | None) -> Any:
    """Settings of a run that is to go on."""
    from paper_repro.errors import UserError
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


def _settings(
    level: int | None,
    size: Size | None,
    variant: str | None,
    changed: dict[str, Any],
    device: str | None,
) -> Any:
    """Settings of a new run, refused before anything heavy is imported where they cannot be."""
    from dataclasses import replace

    from paper_repro.errors import UserError
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
    study, sized = load_study(), (size or Size.mini).value
    refuse_unused(study, level, variant, changed)
    on_card = sized == "full" and _device(device) == "cuda"
    start = defaults(study, level, sized, variant or STACKED, on_card, started())  # type: ignore[arg-type]
    settings = replace(start, **as_cut(start, changed))
    refuse_unusable(settings)
    return settings


def _with_revisions(given: dict[str, Any]) -> dict[str, Any]:
    """``name@revision`` in two settings; another name never has the default's revision."""
    from paper_repro.cli.predict import pinned

    for name in ("base", "level1", "data"):
        if name in given:
            given[name], given[f"{name}_revision"] = pinned(given[name])
    return given


def _device(asked: str | None) -> str:
    """``cpu`` or ``cuda``, as asked for or as there is; torch is asked only where it has to be."""
    if asked == "cpu":
        return asked
    from paper_repro.evaluation.loading import choose_device

    return choose_device(asked)


def _name(settings: Any) -> str:
    parts = [settings.size, str(settings.level), settings.variant]
    return "-".join(part for part in parts if part)


def _command() -> str:
    return " ".join(["python -m paper_repro", *sys.argv[1:]])
