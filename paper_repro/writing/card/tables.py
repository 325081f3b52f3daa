"""The tables of a card: what was trained, how, on what hardware, with which software."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from paper_repro.hardware.estimate import GIB
from paper_repro.writing.card.trained import Trained
from paper_repro.writing.compose import PRECISIONS, of_adapter
from paper_repro.writing.page import Cell, Grid
from paper_repro.writing.parts import NOT_RECORDED
from paper_repro.writing.text import Name, listed

Row = tuple[Cell, ...]
BLANK = ("", "")
LABELS = {"answer": "the tokens of answers", "sequence": "every token, prompt included"}


def adapters(trained: Trained) -> Grid:
    """Each adapter of the stack, bottom first."""
    head = ("adapter", "rank", "alpha", "dropout", "modules", "weights", "in this run")
    return Grid(head, tuple(_adapters(trained)))


def _adapters(trained: Trained) -> Iterator[Row]:
    counts, stack = trained.record.counts["by_adapter"], trained.facts.stack
    for adapter in stack:
        count, field = counts.get(adapter.name), f"counts.by_adapter.{adapter.name}"
        weights = NOT_RECORDED if count is None else trained.figure(f"{count:,}", field)
        numbers = ((of_adapter(adapter, name),) for name in ("r", "lora_alpha", "lora_dropout"))
        modules = tuple(listed(adapter.target_modules))
        last = "trained" if adapter is stack[-1] else "frozen"
        yield (Name(adapter.name),), *numbers, modules, (weights,), (last,)


def weights(trained: Trained) -> Grid:
    """The base, how it was held, and what was trained of how much."""
    return Grid(BLANK, tuple(_weights(trained)))


def _weights(trained: Trained) -> Iterator[Row]:
    facts, counts, record = trained.facts, trained.record.counts, trained.record
    yield ("base",), _base(trained)
    yield ("weights of the base",), (facts.base, ", tied ones counted once")
    doubly = " with double quantisation" if facts.precision == "nf4" else ""
    held = PRECISIONS.get(facts.precision or "")
    yield ("base held in",), (f"{held}{doubly}" if held else NOT_RECORDED,)
    yield ("weights trained",), (facts.trained,)
    total = trained.figure(f"{counts['total']:,}", "counts.total")
    yield ("share of the base",), (facts.shares["base"], " of ", facts.base)
    yield ("share of base and adapters",), (facts.shares["total"], " of ", total)
    changed = {"base": "base", "earlier": "adapters below"}
    for part, name in changed.items():
        if tensors := getattr(record, f"{part}_tensors"):
            number = getattr(record, f"{part}_changed")
            yield (
                (f"{name} afterwards",),
                (
                    trained.figure(f"{number:,}", f"{part}_changed"),
                    " of ",
                    trained.figure(f"{tensors:,}", f"{part}_tensors"),
                    " tensors changed, by SHA-256",
                ),
            )


def _base(trained: Trained) -> Cell:
    facts, named = trained.facts, trained.record.settings["base"]
    if commit := trained.record.revisions["base"]:
        return (Name(named), " at ", Name(commit))
    if not named:
        return ("the miniature that comes with paper_repro",)
    what = (Name(facts.model.hub),) if facts.model else ("a miniature",)
    return (*what, ", read from the folder ", Name(Path(named).name))


def settings(trained: Trained) -> Grid:
    """Rows, steps, optimizer, labels and seed."""
    return Grid(BLANK, (*_rows(trained), *_steps(trained), *_update(trained)))


def _rows(trained: Trained) -> Iterator[Row]:
    data, facts = trained.record.data, trained.facts
    yield ("rows trained on",), (facts.rows,)
    yield ("rows held out",), (facts.held_out,)
    for split, name in (("train", "frames trained on"), ("validation", "frames held out")):
        if count := (data.get("frames") or {}).get(split):
            yield (f"different {name}",), (trained.figure(f"{count:,}", f"data.frames.{split}"),)
    for split, kinds in (data.get("left_out") or {}).items():
        for kind, count in kinds.items():
            number = trained.figure(f"{count:,}", f"data.left_out.{split}.{kind}")
            yield (f"left out of {split}: {kind}",), (number,)


def _steps(trained: Trained) -> Iterator[Row]:
    facts, cut = trained.facts, trained.facts.settings.get("max_steps") is not None
    asked = (" (that many were asked for, instead of epochs)",) if cut else ()
    yield ("steps",), (facts.steps, *asked)
    if not cut:
        yield ("epochs",), (facts.setting("epochs"),)
    batch = (facts.setting("batch"), " × ", facts.setting("accumulation"))
    yield ("samples an update",), batch
    yield ("longest sample",), (facts.setting("max_length"), " tokens")
    yield ("loss taken over",), (LABELS[facts.settings["labels"]],)


def _update(trained: Trained) -> Iterator[Row]:
    facts, losses = trained.facts, trained.record.losses
    yield ("optimizer",), (Name(facts.settings["optimizer"]),)
    rate = facts.setting("learning_rate", f"{facts.settings['learning_rate']:g}")
    warmup = facts.setting("warmup", f"{100 * facts.settings['warmup']:g} %")
    yield ("learning rate",), (rate, ", warm-up over ", warmup, " of all steps, cosine decay")
    for name in ("weight_decay", "max_grad_norm"):
        figure = facts.setting(name, f"{facts.settings[name]:g}")
        yield ({"weight_decay": "weight decay"}.get(name, "gradients clipped to"),), (figure,)
    yield ("computed in",), (facts.settings.get("compute", NOT_RECORDED),)
    yield ("seed",), (facts.setting("seed", f"{facts.settings['seed']}"),)
    first, last = (trained.figure(f"{losses[at]:.4f}", f"losses.{at}") for at in (0, -1))
    yield ("loss",), (first, " at the first step, ", last, " at the last, in nats a token")


def hardware(trained: Trained) -> Grid:
    """Where, how long, and with how much memory."""
    return Grid(BLANK, tuple(_hardware(trained)))


def _hardware(trained: Trained) -> Iterator[Row]:
    record, facts = trained.record, trained.facts
    found, times = record.hardware, record.times
    on_card = found["device"] == "cuda"
    yield ("card" if on_card else "processor",), (Name(found["name"]),)
    memory = trained.figure(f"{found['memory'] / GIB:.0f} GiB", "hardware.memory")
    yield ("its memory" if on_card else "memory of the machine",), (memory,)
    processes = trained.figure(f"{found['processes']:,}", "hardware.processes")
    yield ("processes",), (processes,)
    yield ("time of training",), (facts.hours or NOT_RECORDED,)
    day = trained.figure(times["finished"][:10], "times.finished")
    yield ("finished on",), (day,)
    where = "on the card" if on_card else "of the process"
    yield ("most memory in use",), (facts.memory_gib or NOT_RECORDED, f" {where}")


def software(trained: Trained) -> Grid:
    """Every version that the record has."""
    versions = trained.facts.versions or {}
    rows = (((Name(name),), (trained.facts.version(name),)) for name in versions)
    return Grid(("library", "version"), tuple(rows))
