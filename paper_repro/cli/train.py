"""``train``: a level, for real."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from paper_repro.cli.settings import device_of, of_begun, of_new, with_revisions
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
        typer.Option(
            metavar="NAME", help="Of Level 2: stated (the default), seven-modules or notebook."
        ),
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
        str | None,
        typer.Option(
            metavar="BASE", help="Another base: a folder, or a hub name, also name@revision."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS", help="Other rows: a folder, or a hub name, also name@revision."
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="Of the frozen base: nf4, bf16, fp16 or fp32."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="answer, or sequence: prompt and placeholders too."),
    ] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", min=1, help="Rows of one pass.")] = None,
    accumulation: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Passes of an optimizer step.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Passes over all rows.")
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Optimizer steps, instead of epochs.")
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="adamw_torch, adamw_8bit or paged_adamw_8bit."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="RATE", min=0, help="At its highest.")
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0, max=1, help="Share of the steps in which it rises."),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(metavar="X", min=0, help="Of matrices.")
    ] = None,
    max_grad_norm: Annotated[
        float | None, typer.Option(metavar="NORM", min=0, help="Gradients are clipped.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Tokens of the longest row.")
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
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of adapters, order of rows, dropout.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="cpu or cuda. Default: cuda where there is a card."),
    ] = None,
    save_every: Annotated[
        int, typer.Option(metavar="N", min=1, help="Steps between checkpoints.")
    ] = 100,
    loaders: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Processes that prepare rows. Default: one a core for Level 0."
        ),
    ] = None,
    push: Annotated[
        str, typer.Option(metavar="NAME", help="Upload checkpoints to this hub repository.")
    ] = "",
    show_settings: Annotated[
        bool,
        typer.Option(
            "--show-settings", help="Print settings beside the document's words, and stop."
        ),
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
    changed = with_revisions({name: value for name, value in given.items() if value is not None})
    if resume is None:
        folder, settings = out, of_new(level, (size or Size.mini).value, variant, changed, device)
    else:
        what = {"level": level, "size": size and size.value, "variant": variant}
        changed |= {name: value for name, value in what.items() if value is not None}
        folder, settings = resume, of_begun(resume, out)
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

        options = Options(**{**how, "device": device_of(how["device"])}, command=_command())
        if changed is None:
            record = train(settings, folder, options, watcher)
        else:
            record = resume(folder, options, watcher, changed)
    if int(os.environ.get("RANK", "0")) == 0:
        leave(record, folder)
        show_run(record, folder)
    if record.status == "interrupted":
        raise typer.Exit(130 if "SIGINT" in record.said else 143)


def _name(settings: Any) -> str:
    parts = [settings.size, str(settings.level), settings.variant]
    return "-".join(part for part in parts if part)


def _command() -> str:
    return " ".join(["python -m paper_repro", *sys.argv[1:]])
