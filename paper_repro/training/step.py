"""One optimizer step: ``step(micro_batches) -> loss``, with its whole state in plain sight.

``start(model, optimizer, learning_rate)`` begins to train every tensor whose ``requires_grad`` is
set. Between steps all that changes is in :meth:`Training.state`: parameters, the optimizer, the
scaler and the number of steps. The learning rate, the order of the rows and what drops out are
pure functions of that number, so a run that is loaded goes on bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paper_repro.engine import FEATURES
from paper_repro.quiet import captured
from paper_repro.training import optimizers, state
from paper_repro.training.failures import NotFinite
from paper_repro.training.precision import FP32, Precision, deterministic
from paper_repro.training.workers import ALONE, Workers

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.amp.grad_scaler import GradScaler
    from torch.optim import Optimizer

    from paper_repro.engine.engine import Engine
    from paper_repro.engine.packed import Packed

MicroBatch = Mapping[str, "Tensor"]


@dataclass
class Training:
    """What changes while a model trains, and the rules by which it does.

    Attributes:
        model: a Qwen2-VL with or without adapters.
        engine: its forward and backward pass.
        trained: the tensors that are trained, by their names in the model.
        optimizer: over the trainable tensors.
        schedule: the learning rate of a step, counted from 0.
        max_grad_norm: gradients are scaled down to this norm; None: never.
        precision: of the forward pass.
        scaler: for float16 gradients, else None.
        seed: of dropout.
        workers: the processes that train together.
        same_bits: whether kernels that add in any order are avoided where torch has others.
        steps: taken so far.
        torn: whether an update was broken off, so that the state is that of no step.
        said: what the libraries warned of, each once.
    """

    model: nn.Module
    engine: Engine
    trained: Mapping[str, nn.Parameter]
    optimizer: Optimizer
    schedule: Callable[[int], float]
    max_grad_norm: float | None = None
    precision: Precision = FP32
    scaler: GradScaler | None = None
    seed: int = 0
    workers: Workers = ALONE
    same_bits: bool = True
    steps: int = 0
    torn: bool = False
    said: list[str] = field(default_factory=list)

    def step(
        self,
        micro_batches: Sequence[MicroBatch | Packed],
        samples: int | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> float:
        """Forward, backward, update, for one effective batch.

        Args:
            micro_batches: those of all processes, or what :meth:`ahead` makes of them; each looks
                at its own only.
            samples: in all of them; counted when None, which looks at every one.
            meanwhile: called while a card is at work; must not raise.

        Returns:
            The loss before the update, in nats a token: the mean over samples of the mean over
            each sample's labelled tokens, over all processes.

        Raises:
            NotFinite: nothing is updated then, and :attr:`steps` stays. With a scaler gradients
                may overflow: the update is left out and the scale is halved, until it is 1.
        """
        samples = samples or sum(_rows(batch) for batch in micro_batches)
        with captured() as said, deterministic(self.same_bits):
            total = self._accumulate(micro_batches, samples)
            norm = self._clip()
            at_once = not self.scaler and optimizers.update_if(
                self.optimizer, (total + norm).isfinite()
            )
            if not at_once:
                self._check(float(total), float(norm))
            self.torn = True
            self._update()
            meanwhile()
            loss, length = float(total), float(norm)
            self.torn = False
            if at_once:
                self._check(loss, length)
        self._heard(said)
        self.steps += 1
        return loss

    def ahead(self, batch: MicroBatch, step: int) -> MicroBatch | Packed:
        """A micro-batch as ready as it can be made before its step, counted from 0.

        The tower's outputs may depend on what is trained, and are made at the step itself.
        """
        return self.engine.pack(batch, self.seed, step) if FEATURES in batch else batch

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that a later :meth:`load_state` needs; see :mod:`paper_repro.training.state`."""
        return state.of(self)

    def load_state(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Put back, bit for bit, what :meth:`state` gave.

        Raises:
            UserError: it is not the state of this model and optimizer.
        """
        with captured() as said:
            state.load(self, tensors, numbers)
        self._heard(said)

    def _heard(self, said: Sequence[str]) -> None:
        self.said += [words for words in dict.fromkeys(said) if words not in self.said]

    def _accumulate(self, micro_batches: Sequence[MicroBatch | Packed], samples: int) -> Tensor:
        """Gradients of the effective batch, and its loss, added up over all processes."""
        import torch

        device = next(iter(self.trained.values())).device
        total = torch.zeros((), device=device)
        share = torch.full((), 1 / samples, device=device)
        factor = self.scaler.scale(share) if self.scaler else share
        for index in self.workers.share(len(micro_batches)):
            batch = micro_batches[index]
            if isinstance(batch, Mapping):
                batch = self.engine.pack(batch, self.seed, self.steps)
            total += share * self.engine.backward(batch, factor)
        if self.workers.world > 1:
            self.workers.add_up([*self._gradients(), total])
        return total

    def _gradients(self) -> list[Tensor]:
        import torch

        for tensor in self.trained.values():
            if tensor.grad is None:  # this process had no micro-batch
                tensor.grad = torch.zeros_like(tensor)
        return [tensor.grad for tensor in self.trained.values() if tensor.grad is not None]

    def _clip(self) -> Tensor:
        """Scale gradients down to the largest norm that is allowed; the norm before it."""
        import torch

        if self.scaler:
            self.scaler.unscale_(self.optimizer)
        limit = math.inf if self.max_grad_norm is None else self.max_grad_norm
        return torch.nn.utils.clip_grad_norm_(self.trained.values(), limit)

    def _check(self, loss: float, norm: float) -> None:
        if not math.isfinite(loss):
            raise self._refused("loss", loss)
        if not math.isfinite(norm) and (not self.scaler or self.scaler.get_scale() <= 1):
            raise self._refused("gradient norm", norm)

    def _update(self) -> None:
        optimizers.set_rate(self.optimizer, self.schedule(self.steps))
        if self.scaler:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            self.optimizer.step()
        self.optimizer.zero_grad()

    def _refused(self, what: str, value: float) -> NotFinite:
        self.optimizer.zero_grad()
        if self.scaler:
            self.scaler.update(self.scaler.get_scale())  # the same scale, for another try
        return NotFinite(self.steps, what, value)


def start(
    model: nn.Module,
    optimizer: str,
    learning_rate: float | Callable[[int], float],
    *,
    weight_decay: float = 0.0,
    max_grad_norm: float | None = None,
    precision: Precision = FP32,
    checkpointing: bool = False,
    without: Collection[str] = (),
    seed: int = 0,
    workers: Workers = ALONE,
    same_bits: bool = True,
) -> Training:
    """Begin training every tensor whose ``requires_grad`` is set.

    Args:
        optimizer: by the name that transformers' Trainer uses; one of ``optimizers.NAMES``.
        learning_rate: a constant, or a schedule such as ``Cosine``.
        checkpointing: compute layers again in the backward pass instead of keeping activations.
        without: techniques of the engine to do without.

    Raises:
        ValueError: for another name, or when float16 gradients would meet float16 weights.
    """
    with captured() as said:
        import torch
        from torch.amp.grad_scaler import GradScaler

        from paper_repro.engine.engine import engine

        trained = {name: t for name, t in model.named_parameters() if t.requires_grad}
        if half := [name for name, t in trained.items() if precision.scaled and t.itemsize < 4]:
            raise ValueError(f"expected float32 weights to train under float16, got {half[0]}")
        workers.take_from_first(list(trained.values()))
        schedule = learning_rate if callable(learning_rate) else (lambda _step: learning_rate)
        made = optimizers.make(optimizer, trained.items(), schedule(0), weight_decay)
        device = next((t.device.type for t in trained.values()), workers.device.partition(":")[0])
        scaler = GradScaler(device) if precision.scaled else None
        if scaler:  # it counts on a first use, which a process without a micro-batch has not
            scaler.scale(torch.zeros((), device=device))
        forward = engine(model.train(), precision.dtype, checkpointing, without)
    return Training(
        model=model,
        engine=forward,
        trained=trained,
        optimizer=made,
        schedule=schedule,
        max_grad_norm=max_grad_norm,
        precision=precision,
        scaler=scaler,
        seed=seed,
        workers=workers,
        same_bits=same_bits,
        said=list(dict.fromkeys(said)),
    )


def _rows(batch: MicroBatch | Packed) -> int:
    return len(batch["input_ids"]) if isinstance(batch, Mapping) else batch.sizes.rows
