"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# a slow or busy machine must not turn a property test red
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _environment_stays_as_it_was() -> Iterator[None]:
    """Commands that run in this process may set variables, such as HF_HUB_OFFLINE."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
