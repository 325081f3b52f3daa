"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _environment_stays_as_it_was() -> Iterator[None]:
    """Commands that run in this process may set variables, such as HF_HUB_OFFLINE."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
