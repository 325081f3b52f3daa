"""Micro-batches of one step after another, made by this process or ahead of it by others.

``feed(examples, plan, first, share, loaders)`` yields each step's, from ``first`` on. What is made
does not depend on who makes it. With loaders, PyTorch's ``DataLoader`` draws, decodes and collates
in that many processes, which is worth it where frames are drawn or decoded for every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from paper_repro.quiet import captured
from paper_repro.training.examples import Examples
from paper_repro.training.order import MicroBatches, Plan

if TYPE_CHECKING:
    from torch import Tensor

    Batch = Mapping[str, Tensor]

Item = TypeVar("Item")


@dataclass(frozen=True)
class Made(Sequence[Any]):
    """Micro-batches of a step, of which this process has its own share only."""

    own: Mapping[int, Any]
    of: int

    def each(self, change: Callable[[Batch], Any]) -> Made:
        """The same with every one changed."""
        return Made({index: change(batch) for index, batch in self.own.items()}, self.of)

    def __len__(self) -> int:
        return self.of

    def __getitem__(self, index: Any) -> Any:
        return self.own[index]


class Lookahead(Iterator[Item]):
    """An iterator whose next item may be fetched before it is asked for."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._fetched: Callable[[], Item] | None = None

    def fetch(self) -> None:
        """Get the next item ready; what goes wrong is raised when it is asked for."""
        try:
            item = next(self._items)
        except Exception as error:
            self._fetched = partial(_fail, error)
        else:
            self._fetched = lambda: item

    def __next__(self) -> Item:
        fetched, self._fetched = self._fetched, None
        return fetched() if fetched else next(self._items)


@dataclass(frozen=True)
class Steps:
    """A map-style data set whose item is this process's micro-batches of one step."""

    examples: Examples
    plan: Plan
    share: Callable[[int], range]

    def __len__(self) -> int:
        return self.plan.steps

    def __getitem__(self, step: int) -> dict[int, dict[str, Tensor]]:
        parts = self.plan.batches(step)
        return {index: self.examples.batch(parts[index]) for index in self.share(len(parts))}


def feed(
    examples: Examples, plan: Plan, first: int, share: Callable[[int], range], loaders: int = 0
) -> Iterator[tuple[Made, int]]:
    """Micro-batches of every step from ``first`` on, and the number of rows in them.

    Args:
        share: which of so many micro-batches are this process's.
        loaders: processes that make them ahead of time; 0: none.
    """
    made = _ahead(Steps(examples, plan, share), range(first, plan.steps), loaders)
    for step, own in zip(range(first, plan.steps), made, strict=True):
        parts = plan.batches(step)
        yield Made(own, len(parts)), _rows(parts)


def expected(examples: Examples, plan: Plan) -> Iterator[tuple[list[int], int, int]]:
    """Of every micro-batch of a plan the lengths of its rows, and how many of its tokens are
    labelled and stand for pictures."""
    image = examples.processor.image_token_id
    rows = []
    for row in examples.tokens:
        learned = row.learned(examples.labels)  # the first token of a row is never predicted
        labelled = learned.stop - max(1, learned.start)
        rows.append((len(row.ids), labelled, row.ids.count(image)))
    for step in range(plan.steps):
        for part in plan.batches(step):
            lengths, labelled, pictures = zip(*(rows[place] for place in part), strict=True)
            yield list(lengths), sum(labelled), sum(pictures)


def _ahead(
    steps: Steps, numbers: range, loaders: int
) -> Iterator[Mapping[int, Mapping[str, Tensor]]]:
    if loaders == 0:
        return (steps[number] for number in numbers)
    import torch
    from torch.utils.data import DataLoader

    with captured():  # Python 3.12 warns of every fork of a process with threads
        return iter(
            DataLoader(
                steps,  # type: ignore[arg-type]
                batch_size=None,
                sampler=numbers,
                num_workers=loaders,
                prefetch_factor=4,
                pin_memory=torch.cuda.is_available(),
                multiprocessing_context="fork",
            )
        )


def _fail(error: Exception) -> NoReturn:
    raise error


def _rows(parts: MicroBatches) -> int:
    return sum(map(len, parts))
