"""Several processes that train as one: each takes its share of every effective batch.

Under ``torchrun`` or ``accelerate launch`` the environment holds RANK, WORLD_SIZE and LOCAL_RANK.
Micro-batch *i* of a step belongs to rank *i* modulo the number of processes; gradients and losses
are added up in one flat buffer, with NCCL on cards and gloo on CPUs. The sums differ from one
process's by rounding alone. Frozen weights are never sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Workers:
    """This process among all.

    Attributes:
        rank: its number; 0 is the one that writes.
        world: how many there are.
        device: where it computes, such as ``cuda:1``.
    """

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def writes(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def share(self, micro_batches: int) -> range:
        """Which micro-batches of a step are this process's; empty when there are too few."""
        return range(self.rank, micro_batches, self.world)

    def check(self, accumulation: int) -> None:
        """Refuse an accumulation that the processes cannot share evenly.

        Raises:
            UserError: with the nearest values that fit.
        """
        if accumulation % self.world == 0:
            return
        below = accumulation // self.world * self.world
        fitting = [str(value) for value in (below, below + self.world) if value]
        raise UserError(
            f"{self.world} processes cannot share {accumulation} micro-batches evenly.",
            expected=f"an accumulation of {' or '.join(fitting)}, or of any multiple of "
            f"{self.world}",
            got=str(accumulation),
            next_command=f"the same command with --accumulation {fitting[-1]}",
        )

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace floating tensors of one device by their sums over all processes."""
        import torch

        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        _spread(flat, tensors)

    def take_from_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors of one device and type by those of rank 0."""
        import torch

        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        torch.distributed.broadcast(flat, src=0)
        _spread(flat, tensors)

    def any(self, here: bool) -> bool:
        """Whether it is so in any process: a signal that one got must stop all at one step."""
        import torch

        if self.world == 1:
            return here
        flag = torch.tensor([float(here)], device=self.device)
        torch.distributed.all_reduce(flag)
        return bool(flag.item())

    def first_says(self, number: int) -> int:
        """Rank 0's number, such as the step of the checkpoint to resume from."""
        import torch

        if self.world == 1:
            return number
        said = torch.tensor([number], device=self.device)
        torch.distributed.broadcast(said, src=0)
        return int(said.item())

    def wait(self) -> None:
        """Until every process is here."""
        self.any(False)


def _spread(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Overwrite tensors by the pieces of a flat one; in few launches where types are the same."""
    import torch

    pieces = flat.split([tensor.numel() for tensor in tensors])
    shaped = [piece.view_as(tensor) for tensor, piece in zip(tensors, pieces, strict=True)]
    torch._foreach_copy_([tensor.detach() for tensor in tensors], shaped)


ALONE = Workers()


def started() -> int:
    """How many processes a launcher has started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined(device: str) -> Iterator[Workers]:
    """This process's place among those that were launched together; alone without a launcher.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    world = started()
    if world == 1:
        yield Workers(device=device)
        return
    import torch
    import torch.distributed.nn  # imported later it would keep the group, and its threads, for good

    rank, local = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    if device == "cuda":
        torch.cuda.set_device(local)
    here = f"cuda:{local}" if device == "cuda" else device
    torch.distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Workers(rank, world, here)
    finally:
        torch.distributed.destroy_process_group()
