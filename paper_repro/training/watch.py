"""What a run tells while it goes on; the command line draws it, a test listens, silence is fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Stepped:
    """An optimizer step that was taken.

    Attributes:
        step: steps taken so far.
        steps: of the whole run.
        loss: before the update, in nats a token.
        rate: the learning rate.
        samples: rows that it trained on.
        seconds: that it took.
    """

    step: int
    steps: int
    loss: float
    rate: float
    samples: int
    seconds: float


class Watcher(Protocol):
    """Listens to a run."""

    def doing(self, what: str, done: int = 0, of: int = 0) -> None:
        """Something before the first step goes on; ``of`` is 0 where its length is unknown."""

    def said(self, words: str) -> None:
        """A sentence to be read."""

    def stepped(self, step: Stepped) -> None:
        """A step was taken."""


class Silent:
    """A watcher that says nothing."""

    def doing(self, what: str, done: int = 0, of: int = 0) -> None:
        """Nothing."""

    def said(self, words: str) -> None:
        """Nothing."""

    def stepped(self, step: Stepped) -> None:
        """Nothing."""
