"""How an effective batch is cut into passes, and which samples each of them takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.speed.inputs import ROWS
from paper_repro.errors import UserError
from paper_repro.training.workers import Workers

LEAST = 4
"""Steps before it is timed, or more."""


class Cut(NamedTuple):
    """An effective batch.

    Attributes:
        effective: samples of a step, over all processes.
        a_pass: samples of a pass.
    """

    effective: int = 128
    a_pass: int = 16

    @property
    def passes(self) -> int:
        """Of a step, over all processes."""
        return self.effective // self.a_pass

    def distinct(self) -> list[range]:
        """The samples of every pass that there is; one after the other they come round."""
        number = min(ROWS // self.a_pass, self.passes)
        return [range(self.a_pass * n, self.a_pass * (n + 1)) for n in range(number)]

    def parts(self, step: int) -> list[range]:
        """The samples of every pass of a step, counted from 0: each step begins one further, so
        that every process makes each of them in turn."""
        there = self.distinct()
        return [there[(step + place) % len(there)] for place in range(self.passes)]


def warm_up(processes: Sequence[int]) -> int:
    """Steps after which each of so many processes has made every pass; see :meth:`Cut.parts`."""
    return max(LEAST, *processes)


def check(cut: Cut, processes: Sequence[int]) -> None:
    """Refuse what cannot be shared out evenly.

    Raises:
        UserError: the effective batch is no multiple of a pass, a pass takes more samples than
            there are, or the passes are no multiple of a number of processes.
    """
    if cut.effective % cut.a_pass or not 0 < cut.a_pass <= ROWS:
        raise UserError(
            "An effective batch cannot be cut so.",
            expected=f"a multiple of a pass, and a pass of at most {ROWS} samples",
            got=f"{cut.effective} samples in passes of {cut.a_pass}",
            next_command="python -m benchmarks.scale_out --effective 128 --a-pass 16",
        )
    for world in processes:
        Workers(world=world).check(cut.passes)
