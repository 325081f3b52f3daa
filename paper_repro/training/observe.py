"""Train a variant for a few steps and observe, by SHA-256, which tensors changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paper_repro.counting.instantiate import weights
from paper_repro.quiet import captured
from paper_repro.training.bases import forked_rng
from paper_repro.training.digest import base_digests, changed, digests
from paper_repro.training.levels import Levels, adapter_tensors, base_parameters
from paper_repro.training.step import start

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Observed:
    """What a few steps did to the tensors of one model.

    Attributes:
        optimizer: its name.
        losses: one a step, in nats a token.
        base: base tensors that were hashed.
        base_changed: names of those whose bytes differ after the steps.
        base_trainable: base weights whose ``requires_grad`` was set.
        earlier: tensors of the earlier adapters, as they were put on the base.
        earlier_replaced: of those, the ones that were no longer in the model when training began.
        earlier_changed: of all, the ones whose bytes after the steps are not those put on.
        earlier_trainable: whether any that was left could receive gradients.
        newest: tensors of the adapter that the last step brought.
        newest_changed: of those, the ones that the steps changed.
        peak: most bytes allocated on the CUDA card during the steps; 0 without one.
        after: SHA-256 of every adapter tensor after the steps, by canonical name.
    """

    optimizer: str
    losses: tuple[float, ...]
    base: int
    base_changed: tuple[str, ...]
    base_trainable: int
    earlier: int
    earlier_replaced: tuple[str, ...]
    earlier_changed: tuple[str, ...]
    earlier_trainable: bool
    newest: int
    newest_changed: tuple[str, ...]
    peak: int
    after: Mapping[str, str]


def observe(
    levels: Levels, batches: Sequence[Mapping[str, Tensor]], optimizer: str, learning_rate: float
) -> Observed:
    """Train for one step a batch; see :func:`paper_repro.training.step.start` for the names.

    One forward pass comes before the first hash: in it bitsandbytes gives the biases of its 4-bit
    layers, which PEFT's preparation has widened, the type of the activations back
    (``bitsandbytes.nn.Linear4bit.forward``). Values stay; that is no training.

    Raises:
        NotFinite: when a loss or a gradient is not.
    """
    import torch

    model = levels.model
    with forked_rng(), captured(), torch.no_grad():
        model.train()
        model(**batches[0], use_cache=False)
    put_on, alive, newest = digests(levels.earlier), levels.earlier_alive, levels.newest
    base_before, adapters_before = base_digests(model), digests(adapter_tensors(model))
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    training = start(model, optimizer, learning_rate)
    losses = tuple(training.step([batch]) for batch in batches)
    after = digests(adapter_tensors(model))
    moved = changed(adapters_before, after)
    return Observed(
        optimizer=optimizer,
        losses=losses,
        base=len(base_before),
        base_changed=tuple(changed(base_before, base_digests(model))),
        base_trainable=sum(
            weights(tensor) for tensor in base_parameters(model).values() if tensor.requires_grad
        ),
        earlier=len(put_on),
        earlier_replaced=tuple(sorted(put_on.keys() - alive.keys())),
        earlier_changed=tuple(sorted(n for n in put_on if after.get(n) != put_on[n])),
        earlier_trainable=any(tensor.requires_grad for tensor in alive.values()),
        newest=len(newest),
        newest_changed=tuple(name for name in moved if name in newest),
        peak=torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        after=after,
    )
