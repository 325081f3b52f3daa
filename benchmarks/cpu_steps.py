"""What each technique of the engine is worth on a CPU: ``python -m benchmarks.cpu_steps``.

    python -m benchmarks.cpu_steps --json F --markdown F      five minutes, on two cores
    python -m benchmarks.cpu_steps --no-commands --steps 4    the steps alone, under a minute
    python -m benchmarks.cpu_steps --from F --markdown F      nothing is measured

The miniature's Level 2 (``stated``) is trained on the same 64 drawn rows, 16 a step, in several
ways: as the package does, without one technique after another, without all of them, and by the
real ``transformers.Trainer`` with PEFT, whose dropout masks are the engine's. Each way has a model
of its own; they take turns step by step, each time another one first, so that a busy machine slows
all of them, and a way's time is given by its share of the package's in the same round. A step
begins with the choice of its rows and ends after the update. The losses of all ways are held
against the package's.

Then whole commands, in processes of their own: ``train 1``, ``train 2`` on top of it, and
``verify``, whole and stage by stage. Not a test: nothing fails for being slow.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.cpu_commands import commands, where
from paper_repro.engine import TECHNIQUES
from paper_repro.site.inserts.cpu_steps import cpu_steps_page

ROWS, EFFECTIVE, WARM_UP, SEED, RATE = 64, 16, 2, 0, 4e-3
ON_A_CPU = tuple(name for name in TECHNIQUES if name not in ("kernel", "compile", "graphs"))
PACKAGE, TRAINER = "as the package does", "transformers.Trainer with PEFT"


class Way(NamedTuple):
    """How a step is computed.

    Attributes:
        without: techniques to do without.
        features: whether the tower's outputs are kept.
        at_once: rows of a pass.
    """

    without: tuple[str, ...] = ()
    features: bool = True
    at_once: int = EFFECTIVE


WAYS = {
    PACKAGE: Way(),
    **{f"without {name}": Way((name,)) for name in ON_A_CPU},
    "the tower at every pass": Way(features=False),
    "one row a pass": Way(at_once=1),
    "none of these": Way(ON_A_CPU, features=False, at_once=1),
}


def completed(seconds: Mapping[str, list[float]], losses: Mapping[str, list[float]]) -> Any:
    """Of every way the median step, its time by that of the package in the same round (median,
    least and most), and how far its losses are from the package's, relatively."""
    found = {}
    for name, took in seconds.items():
        timed = list(zip(took, seconds[PACKAGE], strict=True))[WARM_UP:]
        times = [one / package for one, package in timed]
        pairs = zip(losses[name], losses[PACKAGE], strict=True)
        found[name] = {
            "seconds": median(one for one, _ in timed),
            "times": {"median": median(times), "least": min(times), "most": max(times)},
            "losses_apart": max(abs(one - package) / package for one, package in pairs),
        }
    return found


def examples() -> Any:
    """Drawn rows of Level 2, with the tokens of their texts."""
    from paper_repro.data.rows import read_row
    from paper_repro.miniature.rows import raw_rows
    from paper_repro.training.examples import encode

    raws = islice(raw_rows(2, SEED, "train"), ROWS)
    rows = [read_row(raw, number, "train") for number, raw in enumerate(raws)]
    return encode(rows, base().processor, "answer")


def base() -> Any:
    """The miniature's base, read anew."""
    from paper_repro.study import load_study
    from paper_repro.training.base import load_base
    from paper_repro.training.prepare import precision_of
    from paper_repro.training.recipes import defaults

    settings = defaults(load_study(), 2, "mini", "stated", on_card=False)
    return load_base(settings, precision_of(settings, "cpu"), "cpu")


def model() -> Any:
    """The base under the adapters of ``stated``, filled with the same numbers each time."""
    import torch

    from paper_repro.study import load_study
    from paper_repro.training.bases import forked_rng
    from paper_repro.training.levels import put_on
    from paper_repro.training.recipes import adapters_of

    with forked_rng(), torch.no_grad():
        torch.manual_seed(SEED)
        made = put_on(base().model, "stack", adapters_of(load_study(), 2, "stated")).model
        for name, tensor in made.named_parameters():
            if "lora_B" in name:
                tensor.normal_(std=0.01)
    return made.train()


def by_the_engine(way: Way, rows: Any, steps: int) -> Iterator[float]:
    """The loss of step after step, each taken when it is asked for."""
    from paper_repro.training.features import keep
    from paper_repro.training.order import Plan
    from paper_repro.training.schedule import Cosine
    from paper_repro.training.step import start

    own = model()
    shown = keep(rows, own) if way.features else replace(rows, features=None)
    rate = Cosine(RATE, steps)
    training = start(own, "adamw_torch", rate, max_grad_norm=1.0, without=way.without, seed=SEED)
    plan = Plan(ROWS, way.at_once, EFFECTIVE // way.at_once, 1, SEED, steps)
    for step in range(steps):
        passes = [training.ahead(shown.batch(part), step) for part in plan.batches(step)]
        yield training.step(passes, EFFECTIVE)


def by_the_trainer(rows: Any, steps: int, folder: Path, after: Callable[[float], None]) -> None:
    """The same steps; ``after`` gets the loss of each, and its time is nobody's."""
    from paper_repro.engine.reference import Reference
    from paper_repro.training.order import order

    class Told(Reference):
        def log(self, logs: dict[str, float], *_: Any) -> None:
            if "grad_norm" in logs:
                after(logs["loss"])

    per_epoch = ROWS // EFFECTIVE
    epochs = [order(ROWS, epoch, SEED).tolist() for epoch in range(-(-steps // per_epoch))]
    Told(
        model(), rows.batch, epochs, folder, use_cpu=True, seed=SEED, learning_rate=RATE,
        optim="adamw_torch", max_grad_norm=1.0, weight_decay=0.0, max_steps=steps,
        gradient_accumulation_steps=EFFECTIVE,
    ).train()  # fmt: skip


def measure(steps: int, ways: Mapping[str, Way] = WAYS) -> dict[str, Any]:
    """All ways, taking turns: a step of the Trainer's, then one of every other way."""
    from paper_repro.quiet import captured

    rows = examples()
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, TRAINER)}
    losses: dict[str, list[float]] = {name: [] for name in (*ways, TRAINER)}
    turns = {name: by_the_engine(way, rows, steps) for name, way in ways.items()}
    began = time.perf_counter()

    def note(name: str, loss: float) -> None:
        nonlocal began
        seconds[name].append(time.perf_counter() - began)
        losses[name].append(loss)
        began = time.perf_counter()

    def others(loss: float) -> None:
        note(TRAINER, loss)
        names, first = list(turns), len(losses[TRAINER]) % len(turns)
        for name in names[first:] + names[:first]:
            note(name, next(turns[name]))

    with tempfile.TemporaryDirectory() as folder, captured():
        by_the_trainer(rows, steps, Path(folder), others)
    return completed(seconds, losses)  # type: ignore[no-any-return]


def asked() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cpu_steps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--steps", type=int, default=42, help=f"of every way, the first {WARM_UP} not counted")
    add("--threads", type=int, default=1)
    add("--repeats", type=int, default=3, help="of every verify")
    add("--no-commands", action="store_true", help="the steps alone")
    add("--from", dest="made", type=Path, help="a record; nothing is measured")
    add("--json", type=Path)
    add("--markdown", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measure, print, keep."""
    options = asked()
    if options.made:
        record = json.loads(options.made.read_text(encoding="utf-8"))
    else:
        import torch

        torch.set_num_threads(options.threads)
        settings = {"rows": EFFECTIVE, "steps": options.steps - WARM_UP}
        record = {"where": where(options.threads), "settings": settings}
        record["ways"] = measure(options.steps)
        record["commands"] = (
            {} if options.no_commands else commands(options.threads, options.repeats)
        )
    page = cpu_steps_page(record)
    print(page)
    if options.json:
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(page + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
