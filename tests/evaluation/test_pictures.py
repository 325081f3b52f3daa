"""Pictures from files: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from paper_repro.errors import UserError
from paper_repro.evaluation.pictures import read_picture


def saved(path, mode="RGB", size=(20, 10), **options):
    Image.new(mode, size, 1 if mode == "1" else None).save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_rgb(tmp_path, mode):
    picture = read_picture(saved(tmp_path / "frame.png", mode))
    assert (picture.mode, picture.size) == ("RGB", (20, 10))


@pytest.mark.parametrize("ending", ["jpg", "webp", "tiff", "bmp", "gif"])
def test_other_formats(tmp_path, ending):
    assert read_picture(saved(tmp_path / f"frame.{ending}")).size == (20, 10)


def test_sixteen_bits_keep_their_shades(tmp_path):
    ramp = np.linspace(0, 65535, 200).astype(np.uint16).reshape(10, 20)
    Image.fromarray(ramp).save(tmp_path / "frame.png")
    grey = np.asarray(read_picture(tmp_path / "frame.png"))[..., 0].ravel()
    assert grey[0] == 0 and grey[-1] == 255 and 120 < grey[100] < 135


def test_a_turned_photograph_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(saved(tmp_path / "frame.jpg", exif=exif)).size == (10, 20)


def no_picture(path, content):
    path.write_bytes(content)
    return path


def claims(width, height):
    """A PNG whose head says this size; nothing that large is in it."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "a file in another format, or none"),
        (b"<svg></svg>", "a file in another format, or none"),
        (claims(9_000, 9_000), "9,000 × 9,000 pixels"),
        (claims(20_000, 20_000), "over 178,956,970 pixels"),
        (claims(2_010, 10), "2,010 × 10 pixels"),
        (claims(64, 64), "image file is truncated"),
    ],
    ids=["empty", "svg", "large", "bomb", "thin", "cut short"],
)
def test_what_cannot_be_read_is_named(tmp_path, content, got):
    path = no_picture(tmp_path / "frame.png", content)
    with pytest.raises(UserError) as error:
        read_picture(path)
    assert error.value.got.startswith(got)
    assert str(path) in error.value.problem and error.value.next_command


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_picture(tmp_path / "frame.png")
    with pytest.raises(UserError, match="is a directory"):
        read_picture(tmp_path)
