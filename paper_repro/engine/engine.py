"""The loss of a micro-batch, at the labelled tokens alone, and its gradients.

For every sample the mean over its labelled tokens; for an effective batch the mean over its
samples. So the loss does not depend on how an effective batch is cut, and at one sample a
micro-batch it is that of the notebook (1 × 16). A frozen vision tower is never part of the backward
pass, and takes no part at all where its outputs are kept.

``engine(model)`` reads a Qwen2-VL that transformers and PEFT have put together, once;
``Engine.loss(batch)`` is a scalar to differentiate, and ``Engine.backward(batch)`` adds its
gradients to the parameters', by a CUDA graph where there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from paper_repro.engine import FEATURES
from paper_repro.engine.decoder import Decoder
from paper_repro.engine.model import tower_is_frozen, unwrapped
from paper_repro.engine.packed import Layout, Packed, Sizes, mapped, moved, pack
from paper_repro.engine.replay import Replay
from paper_repro.engine.techniques import read_device, reasons_against
from paper_repro.engine.tower import tower_outputs
from paper_repro.engine.weights import linears_are_frozen, read

if TYPE_CHECKING:
    from torch import Tensor, nn

LONG = 512
"""For longer rows, in tokens, attention over padded rows is the faster one."""
UNIT, LONG_UNIT = 16, 128
"""Sizes of packed micro-batches are multiples of it where passes are compiled or recorded; of the
second where rows are long: then a few tokens more cost little, and every recording much memory.
:data:`LONG` is a multiple of both, so that the layout follows from :class:`Sizes`."""
MANY = 200
"""So many passes must be expected before compiling, half a minute once, pays."""
OFTEN = 10
"""So many passes of the same sizes must be expected before recording a graph for them pays."""


@dataclass
class Engine:
    """A model's forward and backward pass.

    Attributes:
        whole: the Qwen2-VL inside all wrappers.
        trained: the tensors whose gradients are wanted.
        dtype: of the products.
        checkpointing: whether layers are computed again in the backward pass, to save memory.
        off: techniques that are off, and why.
        decoder: the language model; None where linear layers of the base are trained: then it is
            read anew at every pass.
        compiled: whether it is worth compiling; see :meth:`expect`.
        often: sizes of micro-batches that are worth recording; see :meth:`expect`.
    """

    whole: Any
    trained: Sequence[Tensor]
    dtype: torch.dtype
    checkpointing: bool
    off: Mapping[str, str]
    decoder: Decoder | None = None
    compiled: bool = False
    often: frozenset[Sizes] = frozenset()
    _replays: dict[tuple[Sizes, bool], Replay] = field(default_factory=dict)

    def expect(self, passes: Iterable[tuple[Sequence[int], int, int]]) -> None:
        """Be told all that will come, so that how a pass is computed depends on the whole plan and
        not on what came before it: a resumed run goes on to the bit.

        Args:
            passes: of every micro-batch the lengths of its rows, and how many of its tokens are
                labelled and stand for pictures.
        """
        if {"compile", "graphs"} <= self.off.keys():
            return
        sizes = Counter(self._layout(max(some[0])).sizes(*some) for some in passes)
        often = {one for one, count in sizes.items() if count >= OFTEN}
        unpaid = {}
        if sizes.total() < MANY:
            unpaid["compile"] = f"it takes time that fewer than {MANY} passes do not give back"
        if not often:
            unpaid["graphs"] = f"no sizes of a micro-batch come {OFTEN} times"
        self.off = unpaid | dict(self.off)
        self.compiled = "compile" not in self.off
        self.often = frozenset() if "graphs" in self.off else frozenset(often)

    def loss(self, batch: Mapping[str, Tensor], seed: int = 0, step: int = 0) -> Tensor:
        """The sum over samples of the mean over each sample's labelled tokens, in nats; a scalar.

        Adapters drop out where the model is in training mode.

        Args:
            batch: ``input_ids``, ``attention_mask``, ``labels`` and ``mm_token_type_ids`` of
                [samples, tokens], ``image_grid_thw`` of [pictures, 3], ``rows`` of [samples] or
                none, and ``pixel_values`` of [patches, 1176] or ``features`` of
                [image tokens, width].
            seed: of dropout, with the numbers in ``rows``.
            step: of dropout as well.
        """
        return self._loss(self.pack(batch, seed, step))

    def backward(self, packed: Packed, factor: Tensor) -> Tensor:
        """Add the gradients of loss × factor to those of the trained tensors.

        Args:
            packed: from :meth:`pack`.
            factor: a scalar on the model's device.

        Returns:
            The loss, a scalar without a graph; a card may still be at work on it.
        """
        if packed.sizes in self.often and not packed.features.requires_grad:
            return self._replay(packed, factor)
        loss = self._loss(packed)
        (loss * factor).backward()
        return loss.detach()

    def pack(self, batch: Mapping[str, Tensor], seed: int = 0, step: int = 0) -> Packed:
        """Lay a micro-batch out for :meth:`backward`, in the host's memory where it is there; with
        kept features that may be done ahead. Arguments as of :meth:`loss`."""
        with self._autocast():
            features = self._features(batch)
        merge = self.whole.model.visual.spatial_merge_size
        layout = self._layout(batch["input_ids"].shape[1])
        packed = pack(batch, features, merge, seed, step, layout)
        return mapped(packed, _pinned) if self._device.type == "cuda" else packed

    def _loss(self, packed: Packed) -> Tensor:
        with self._autocast():
            decoder = self.decoder or self._read()
            decoder.refresh()
            there = moved(packed, self._device)
            return decoder.loss(there, dropout=self.whole.training, compiled=self.compiled)

    def _replay(self, packed: Packed, factor: Tensor) -> Tensor:
        """By the graph for these sizes, which is recorded the first time."""
        found = (packed.sizes, self.whole.training)
        if found not in self._replays:
            beside = next(iter(self._replays.values()), None)
            here = moved(packed, self._device)
            self._replays[found] = Replay(self._loss, self.trained, here, factor, beside)
        return self._replays[found](packed, factor)

    def _layout(self, longest: int) -> Layout:
        unit = UNIT if longest <= LONG else LONG_UNIT
        return Layout(
            packing="packing" not in self.off,
            labelled="labelled" not in self.off,
            kernel="kernel" not in self.off and longest <= LONG,
            unit=1 if {"compile", "graphs"} <= self.off.keys() else unit,
        )

    def _features(self, batch: Mapping[str, Tensor]) -> Tensor:
        if FEATURES in batch:
            return batch[FEATURES]
        trained = torch.is_grad_enabled() and not tower_is_frozen(self.whole)
        with torch.set_grad_enabled(trained):
            pixels, grid = (batch[name] for name in ("pixel_values", "image_grid_thw"))
            return tower_outputs(self.whole, pixels.to(self._device), grid.to(self._device))

    def _read(self) -> Decoder:
        one, kernel = ("one-product" not in self.off), ("kernel" not in self.off)
        decoder = read(self.whole, self.dtype, one, kernel)
        decoder.last_scored = "last-layer" not in self.off
        decoder.checkpointing = self.checkpointing
        return decoder

    def _autocast(self) -> AbstractContextManager[Any]:
        half = self.dtype is not torch.float32
        return torch.autocast(self._device.type, dtype=self.dtype, enabled=half)

    @property
    def _device(self) -> torch.device:
        device: torch.device = self.whole.lm_head.weight.device
        return device


def engine(
    model: nn.Module,
    dtype: torch.dtype = torch.float32,
    checkpointing: bool = False,
    without: Collection[str] = (),
) -> Engine:
    """Read a Qwen2-VL, bare or wrapped by PEFT however often.

    Args:
        dtype: of the products.
        without: techniques to do without, of :data:`paper_repro.engine.TECHNIQUES`.

    Raises:
        ValueError: an adapter is none that is understood here, or stands where none is expected.
    """
    whole = unwrapped(model)
    trained = [tensor for tensor in whole.parameters() if tensor.requires_grad]
    frozen = linears_are_frozen(whole)
    device = read_device(whole.lm_head.weight.device, dtype)
    made = Engine(whole, trained, dtype, checkpointing, reasons_against(device, frozen, without))
    if frozen:
        made.decoder = made._read()
    return made


def _pinned(tensor: Tensor) -> Tensor:
    return tensor if tensor.is_cuda else tensor.pin_memory()
