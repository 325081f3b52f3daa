"""Stop after the step in hand: ``with asked_to_stop() as asked:`` then look at ``asked()``.

SIGTERM and the first Ctrl-C ask; a second Ctrl-C stops at once, and what was written stays whole.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

Asked = Callable[[], int]
"""The signal that asked to stop; 0 while none did."""


class Stopped(Exception):
    """A signal asked to stop before the first step: there is no state to save."""


def name_of(number: int) -> str:
    """``SIGTERM`` or ``SIGINT``; of several processes another may have got it."""
    return signal.Signals(number).name if number else "a signal to another process"


@contextmanager
def asked_to_stop(tell: Callable[[str], None] = lambda _words: None) -> Iterator[Asked]:
    """Listen for SIGTERM and SIGINT inside; outside the main thread nothing is listened for.

    Args:
        tell: is told of the first signal in words, as the step in hand may take a while.
    """
    got: list[int] = []
    here = os.getpid()

    def note(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and got:
            raise KeyboardInterrupt
        got.append(number)
        if len(got) == 1 and os.getpid() == here:  # loaders listen too
            with suppress(RuntimeError):  # where it interrupts a write to the same stream
                tell(f"{name_of(number)}: the step in hand is finished; Ctrl-C stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: got[0] if got else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
