"""A report is written whole or not at all."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.verify.report import FORMATS, render, write
from tests.verify.sample_report import ALL


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_written_as_rendered(tmp_path: Path, format: str) -> None:
    text = render(ALL, format)  # type: ignore[arg-type]
    assert text == render(ALL, format)  # type: ignore[arg-type]
    write(text, tmp_path / "report")
    assert (tmp_path / "report").read_bytes() == text.encode()
    assert os.listdir(tmp_path) == ["report"]


def test_an_older_report_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o600)
    write("new", path)
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write("new", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
def test_a_full_disk_leaves_the_old_report_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match="nothing was changed"):
            write("x" * 100_000, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report"]


def test_an_interruption_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write("text", tmp_path / "report")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("place", ["missing/report", "file/report", "folder", "/dev/null"])
def test_places_that_cannot_be_written_are_user_errors(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError) as caught:
        write("text", tmp_path / place)
    assert "verify --output" in caught.value.next_command
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
