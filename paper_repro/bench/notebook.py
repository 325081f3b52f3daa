"""The notebook's cells: transformers' Trainer over PEFT and a base in 4 bits.

Settings that change what a pass costs are the notebook's; the frames are processed for every pass,
as its collator does. It asks for bfloat16 on every card, also where that is only emulated.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any

from paper_repro.bench.clock import forget_peak, now, peak
from paper_repro.bench.samples import Samples
from paper_repro.bench.timed import Timed, timed
from paper_repro.engine.model import unwrapped
from paper_repro.quiet import captured
from paper_repro.study import Settings

if TYPE_CHECKING:
    from torch import Tensor

WARM_UP = 4
"""Passes that are not timed."""
LEAST, MOST_UPDATES = 20, 100
"""Passes that are timed at least, more than those of an update; and updates at most."""


def train(
    model: Any,
    samples: Samples,
    settings: Settings,
    *,
    on_card: bool,
    rows: int,
    seconds: float,
    tower_backward: bool = True,
) -> Timed:
    """Passes for so many seconds, and :data:`LEAST` of them at least.

    Args:
        model: with its adapters, in 4 bits and prepared.
        settings: of the study.
        rows: of the data.
        seconds: after which no pass is begun.
        tower_backward: whether the frozen tower may become part of the backward pass, as it does
            with transformers 5; under the notebook's own pins it does not.
    """
    watch, seen = _watch(seconds), list[bool]()
    visual = unwrapped(model).model.visual
    hook = visual.register_forward_hook(
        lambda _m, _i, out: seen.append(out.pooler_output.requires_grad)
    )
    with tempfile.TemporaryDirectory() as out, captured(), _tower(visual, tower_backward):
        trainer = _trainer(model, samples, _arguments(out, settings, on_card), watch)
        forget_peak()
        trainer.train()
        most = peak()
        kernels = _kernels(trainer, samples.sequences(range(settings.batch))) if on_card else 0
    hook.remove()
    return timed(
        [each / settings.batch for each in _of_passes(watch.at, settings.accumulation)],
        rows * settings.epochs,
        peak_bytes=most,
        samples_a_pass=settings.batch,
        kernels=kernels,
        tower_differentiated=any(seen),
    )


def _trainer(model: Any, samples: Samples, arguments: Any, watch: Any) -> Any:
    from transformers import PrinterCallback, Trainer

    rows = list(range(len(samples.frames))) * MOST_UPDATES
    made = Trainer(model, arguments, samples.sequences, train_dataset=rows, callbacks=[watch])
    made.remove_callback(PrinterCallback)
    return made


def _of_passes(at: Sequence[float], every: int) -> list[float]:
    """Seconds of every pass after the warm-up, with its share of what is done once an update: its
    samples are prepared before the first pass, and weights are updated behind the last.

    Args:
        at: when passes ended, the first number when the first began.
        every: passes of an update, three or more.
    """
    took = {place: end - began for place, (began, end) in enumerate(pairwise(at))}
    timed = {place: took[place] for place in took if place >= WARM_UP}
    plain = [t for place, t in timed.items() if place % every not in (0, every - 1)]
    usual = fmean(plain)
    more = [
        max(0.0, fmean(t for place, t in timed.items() if place % every == which) - usual)
        for which in (0, every - 1)
    ]
    return [each + sum(more) / every for each in plain]


def _watch(seconds: float) -> Any:
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        """Looks at the clock after every pass, and stops in time."""

        def __init__(self) -> None:
            self.at: list[float] = []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            if not self.at:
                self.at.append(now())

        def on_substep_end(self, args: Any, state: Any, control: Any, **__: Any) -> None:
            self._passed(control)

        def on_step_end(self, args: Any, state: Any, control: Any, **__: Any) -> None:
            self._passed(control)

        def _passed(self, control: Any) -> None:
            self.at.append(now())
            late = self.at[-1] - self.at[0] > seconds
            control.should_training_stop |= late and len(self.at) > WARM_UP + LEAST

    return Watch()


def _arguments(out: str, settings: Settings, on_card: bool) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        out,
        per_device_train_batch_size=settings.batch,
        gradient_accumulation_steps=settings.accumulation,
        gradient_checkpointing=True,
        max_steps=MOST_UPDATES,
        learning_rate=settings.learning_rate,
        optim="paged_adamw_8bit" if on_card else "adamw_torch",
        bf16=on_card,
        use_cpu=not on_card,
        logging_steps=MOST_UPDATES,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
    )


@contextmanager
def _tower(visual: Any, backward: bool) -> Iterator[None]:
    """Inside, the tower runs forward alone, if so asked."""
    import torch

    if backward:
        yield
        return
    visual.forward = torch.no_grad()(visual.forward)
    try:
        yield
    finally:
        del visual.forward


def _kernels(trainer: Any, batch: dict[str, Tensor]) -> int:
    """Kernels that the card is given for one sample of a pass."""
    from torch.autograd import DeviceType  # type: ignore[attr-defined]
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        trainer.training_step(trainer.model_wrapped, batch)
    copies = ("Memcpy", "Memset")
    found = sum(
        event.device_type == DeviceType.CUDA and not event.name.startswith(copies)
        for event in profiler.events() or ()
    )
    return int(found // len(batch["input_ids"]))
