"""Headers of safetensors files: what they say, and everything that can be wrong with them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save_file

from paper_repro.counting.checkpoint import (
    BITS,
    LARGEST_HEADER,
    Malformed,
    parse_header,
    read_checkpoint,
    read_json,
    read_tensor,
)
from paper_repro.counting.source import open_folder, open_source
from paper_repro.errors import UserError

DTYPES = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "I8": np.int8, "BOOL": np.bool_}


def encode(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(start: int, stop: int, shape: list[int], dtype: str = "U8") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def read(folder: Path, content: bytes) -> dict[str, tuple[int, ...]]:
    (folder / "model.safetensors").write_bytes(content)
    tensors = read_checkpoint(open_folder(folder)).tensors
    return {name: tensor.shape for name, tensor in tensors.items()}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(sorted(DTYPES)), st.lists(st.integers(0, 4), max_size=3)),
        max_size=5,
    )
)
def test_reads_what_the_library_writes(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, tuple[str, list[int]]]
) -> None:
    folder = tmp_path_factory.mktemp("written")
    arrays = {name: np.ones(shape, DTYPES[dtype]) for name, (dtype, shape) in wanted.items()}
    save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
    source = open_folder(folder)
    checkpoint = read_checkpoint(source)
    with safe_open(folder / "model.safetensors", "numpy") as library:
        assert set(checkpoint.tensors) == set(library.keys())
        for name, tensor in checkpoint.tensors.items():
            part = library.get_slice(name)
            assert (tensor.dtype, list(tensor.shape)) == (part.get_dtype(), part.get_shape())
            assert read_tensor(source, tensor) == arrays[name].tobytes()
    assert checkpoint.parameters == sum(array.size for array in arrays.values())
    assert checkpoint.header_bytes + sum(a.nbytes for a in arrays.values()) == (
        checkpoint.total_bytes
    )


HOSTILE: dict[str, bytes] = {
    "empty file": b"",
    "seven bytes": b"\0" * 7,
    "length beyond the file": encode({}, length=3_000),
    "length of 2^64 - 1": encode({}, length=2**64 - 1),
    "length above the limit": encode({}, length=LARGEST_HEADER + 1),
    "not JSON": encode(b"{nonsense"),
    "not UTF-8": encode(b"\xff\xfe{}"),
    "a list": encode([]),
    "deeply nested": encode(b"[" * 100_000),
    "digits without end": encode(b'{"a": ' + b"9" * 10_000 + b"}"),
    "not an object per tensor": encode({"a": 3}),
    "unknown type": encode({"a": entry(0, 4, [4], "Q8")}, b"\0" * 4),
    "negative offset": encode({"a": entry(-4, 0, [4])}, b"\0" * 4),
    "negative shape": encode({"a": entry(0, 4, [-2, -2])}, b"\0" * 4),
    "truth as a size": encode({"a": entry(0, 1, [True])}, b"\0"),
    "offsets reversed": encode({"a": entry(4, 0, [4])}, b"\0" * 4),
    "shape beyond the offsets": encode({"a": entry(0, 4, [5])}, b"\0" * 4),
    "shape that overflows": encode({"a": entry(0, 0, [2**32, 2**32])}),
    "shape that overflows before its zero": encode({"a": entry(0, 0, [2**40, 2**40, 0])}),
    "overlap": encode({"a": entry(0, 4, [4]), "b": entry(2, 6, [4])}, b"\0" * 6),
    "hole": encode({"a": entry(0, 4, [4]), "b": entry(6, 8, [2])}, b"\0" * 8),
    "data cut off": encode({"a": entry(0, 400, [400])}, b"\0" * 399),
    "data left over": encode({"a": entry(0, 4, [4])}, b"\0" * 5),
    "metadata of numbers": encode({"__metadata__": {"a": 1}}),
    "a key twice": encode(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        b"\0",
    ),
    "a field twice": encode(
        b'{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"\0"
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_headers_are_one_clear_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Malformed, match=r"model\.safetensors is not a well-formed file") as caught:
        read(tmp_path, content)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) < 300


@given(st.data())
def test_accepts_nothing_that_the_library_refuses(data: st.DataObject) -> None:
    valid = encode({"a": entry(0, 6, [2, 3]), "b": entry(6, 10, [1], "F32")}, b"\1" * 10)
    mutated = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 3))):
        mutated[data.draw(st.integers(8, len(valid) - 1))] = data.draw(st.integers(0, 255))
    length = struct.unpack("<Q", valid[:8])[0]
    try:
        tensors = parse_header(bytes(mutated[8 : 8 + length]), 10)
    except Malformed:
        return
    library = {name: tuple(view["shape"]) for name, view in deserialize(bytes(mutated))}
    assert {tensor.name: tensor.shape for tensor in tensors} == library


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_are_a_header_or_malformed(header: bytes, data_bytes: int) -> None:
    try:
        tensors = parse_header(header, data_bytes)
    except Malformed:
        return
    assert sum(tensor.stop - tensor.start for tensor in tensors) == data_bytes


def test_knows_every_type_of_the_library() -> None:
    for dtype, bits in BITS.items():
        size = 8 * bits // 8
        deserialize(encode({"a": entry(0, size, [8], dtype)}, bytes(size)))
    with pytest.raises(SafetensorError):
        deserialize(encode({"a": entry(0, 4, [4], "Q8")}, bytes(4)))


def sharded(folder: Path, change: Callable[[dict[str, str]], None] = lambda _: None) -> Path:
    save_file({"a": np.ones(3), "c": np.ones(1)}, folder / "one.safetensors")
    save_file({"b": np.ones((2, 2))}, folder / "two.safetensors")
    placed = {"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"}
    change(placed)
    index = {"metadata": {"total_size": 64}, "weight_map": placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_shards_add_up(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(open_source(str(sharded(tmp_path))))
    assert checkpoint.parameters == 8
    assert checkpoint.files == ("one.safetensors", "two.safetensors")
    assert checkpoint.read.startswith("headers of 2 files, ")


@pytest.mark.parametrize(
    "change",
    [
        lambda placed: placed.pop("c"),
        lambda placed: placed.update(a="two.safetensors"),
        lambda placed: placed.update(d="one.safetensors"),
        lambda placed: placed.update(a="three.safetensors"),
        lambda placed: placed.update(a="../outside.safetensors"),
        lambda placed: placed.clear(),
    ],
)
def test_an_index_that_is_wrong_is_refused(
    tmp_path: Path, change: Callable[[dict[str, str]], None]
) -> None:
    with pytest.raises(Malformed):
        read_checkpoint(open_source(str(sharded(tmp_path, change))))


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.bin").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(UserError, match="pickles are never loaded"):
        read_checkpoint(open_folder(tmp_path), "adapter_model")


def test_an_empty_folder_and_a_file_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no weights"):
        read_checkpoint(open_folder(tmp_path))
    with pytest.raises(UserError, match=r"has no adapter_config\.json"):
        read_json(open_folder(tmp_path), "adapter_config.json")
    (tmp_path / "x.safetensors").touch()
    with pytest.raises(UserError, match="is no folder on this machine"):
        open_source(str(tmp_path / "x.safetensors"))
