"""Keep what libraries say off the terminal, and keep it: a warning is often a fact of the check.

``with captured() as said:`` collects, until the block ends, every Python warning and every log
record of WARNING or above, and hides transformers' progress bars. It does not catch what native
code writes to standard error itself.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class _Collector(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def captured() -> Iterator[list[str]]:
    """Collect warnings and log messages of the libraries that run inside.

    Imports transformers. The list that it yields is complete when the block has ended.
    """
    said: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(_handled_by(logging.getLogger(), _Collector(said)))
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        from transformers.utils import logging as library

        theirs = logging.getLogger("transformers")
        own = () if theirs.propagate else (_Collector(said),)
        stack.enter_context(_handled_by(theirs, *own))
        if library.is_progress_bar_enabled():
            library.disable_progress_bar()
            stack.callback(library.enable_progress_bar)
        try:
            yield said
        finally:
            said += [str(warning.message) for warning in caught]


@contextmanager
def _handled_by(logger: logging.Logger, *handlers: logging.Handler) -> Iterator[None]:
    before = logger.handlers[:]
    logger.handlers[:] = handlers
    try:
        yield
    finally:
        logger.handlers[:] = before
