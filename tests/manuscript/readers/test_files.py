"""Files that cannot be read: each is one clear error, and none other."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from paper_repro.errors import UserError
from paper_repro.manuscript.readers import SUFFIXES, files, read
from tests.manuscript.readers.reading import everything, reading, words

TEXTS = [suffix for suffix in SUFFIXES if suffix not in (".docx", ".pdf")]


def refused(path):
    with pytest.raises(UserError) as caught:
        read(path, everything)
    return caught.value


def test_known_suffixes_in_either_case(tmp_path):
    assert set(SUFFIXES) == {
        *(".md", ".markdown", ".tex", ".txt", ".html", ".htm", ".docx", ".pdf")
    }
    assert words(reading(tmp_path, "A.MD", "*a*")) == ["a"]
    said = refused(tmp_path / "a.odt")
    assert ".docx" in said.expected and said.got == ".odt" and "pandoc" in said.next_command
    assert refused(tmp_path / "README").got == "no suffix"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_file(tmp_path, suffix):
    assert refused(tmp_path / f"none{suffix}").got == "nothing there"
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert refused(folder).got == "a folder"
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    assert refused(pipe).got == "a device or a pipe"


def test_a_folder_without_a_suffix(tmp_path):
    assert refused(tmp_path).got == "a folder"


def test_odd_names(tmp_path):
    assert refused(tmp_path / f"{'a' * 300}.md")
    assert refused(tmp_path / "a\0b.md")


@pytest.mark.parametrize("suffix", TEXTS)
def test_bytes_that_are_no_utf8(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes("Für x".encode("latin1"))
    said = refused(path)
    assert said.got == "byte 0xfc at offset 1"
    assert said.next_command == f"iconv -f latin1 -t utf-8 {path} > new{suffix}"


@pytest.mark.parametrize("suffix", TEXTS)
@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_utf16_with_a_mark_is_read_and_never_changed(tmp_path, suffix, code):
    made = reading(tmp_path, f"a{suffix}", "\ufeffFür 5 Modelle.".encode(code))
    assert words(made) == ["Für 5 Modelle."] and not made.editable
    path = tmp_path / f"b{suffix}"
    path.write_bytes("\ufeffx".encode(code) + b"\xd8\x00\xd8")
    assert "is not in UTF-16" in str(refused(path))


@pytest.mark.parametrize("suffix", TEXTS)
def test_binary_under_a_name_of_text(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"\x7fELF\x02\x01\0\0")
    assert refused(path).got == "a NUL at 6"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_too_large_is_refused_unread(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as stream:
        stream.truncate(100 << 20)
    tracemalloc.start()
    try:
        assert refused(path).got == "100 MB"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_long_line_is_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"short\r\n" + b"a" * (files.LONGEST + 1) + b"\rb")
    assert refused(path).got == f"a line of {files.LONGEST + 1:,}"
    path.write_bytes(b"a" * files.LONGEST + b"\rb")
    assert read(path, lambda raw: False).passages == ()


def test_a_file_without_rights(tmp_path, monkeypatch):
    path = tmp_path / "a.md"
    path.write_text("a", encoding="utf-8")

    def no_rights(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", no_rights)
    assert refused(path).got == "Permission denied"
