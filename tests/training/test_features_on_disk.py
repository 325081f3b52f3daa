"""Room for kept outputs is taken before they are computed, and given back however that goes."""

from __future__ import annotations

import errno
import os

import pytest

from paper_repro.training.features import keep
from tests.training.bench import examples, stack


@pytest.fixture(scope="module")
def model():
    return stack()


def test_all_the_room_is_taken_at_the_start(model, tmp_path, monkeypatch):
    asked = []
    reserve = os.posix_fallocate

    def told(handle: int, start: int, size: int) -> None:
        asked.append((start, size))
        reserve(handle, start, size)

    monkeypatch.setattr("os.posix_fallocate", told)
    kept = keep(examples(4), model, tmp_path / "features")
    assert asked == [(0, kept.features.bytes)]


def test_a_full_disk_is_an_error_and_leaves_no_file(model, tmp_path, monkeypatch):
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        keep(examples(4), model, tmp_path / "features")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_made_is_told_by_its_own_error(model, tmp_path):
    with pytest.raises(FileNotFoundError) as told:
        keep(examples(4), model, tmp_path / "missing" / "features")
    assert told.value.__context__ is None
