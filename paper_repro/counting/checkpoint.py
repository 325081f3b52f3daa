"""Names, types and shapes of a checkpoint's tensors, from the headers of its safetensors files.

``read_checkpoint(open_source("org/name"))`` reads a few kilobytes of a model of any size: of each
file the eight bytes that give the header's length, and the header. One strict parser serves
folders and the hub (the safetensors library reads whole local files only); what it accepts, the
library accepts too. Weights are read only by ``read_tensor``, one tensor at a time. It does not
read pickles (``.bin``, ``.pt``), and refuses to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paper_repro.counting.source import Source
from paper_repro.errors import UserError

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
    "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
"""Bits of one element, by the format's name for its type."""
LARGEST_HEADER = 100_000_000
"""Bytes; the safetensors library's own limit."""
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_LARGEST_JSON = 64_000_000


class Malformed(UserError):
    """A file that no library would load: its header and its bytes contradict each other."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a checkpoint: ``start`` and ``stop`` are its bytes in ``file``."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    start: int
    stop: int

    @property
    def parameters(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Checkpoint:
    """All tensors of a checkpoint.

    Attributes:
        header_bytes: what was read of ``files``, which hold ``total_bytes``.
    """

    name: str
    tensors: Mapping[str, Tensor]
    files: tuple[str, ...]
    header_bytes: int
    total_bytes: int

    @property
    def parameters(self) -> int:
        """Elements of all stored tensors. A tied tensor counts as often as it is stored."""
        return sum(tensor.parameters for tensor in self.tensors.values())

    @property
    def read(self) -> str:
        """What was read, for a formula: ``headers of 2 files, 37,104 of 4,418,050,848 bytes``."""
        count = len(self.files)
        files = f"header of {self.files[0]}" if count == 1 else f"headers of {count} files"
        return f"{files}, {self.header_bytes:,} of {self.total_bytes:,} bytes"


def read_checkpoint(source: Source, stem: str = "model") -> Checkpoint:
    """Read the headers of ``{stem}.safetensors``, or of the files that its index names.

    Args:
        source: see :func:`paper_repro.counting.source.open_source`.
        stem: ``model`` for a base, ``adapter_model`` for a PEFT adapter.

    Raises:
        Malformed: a header is hostile, truncated, or disagrees with the file or the index.
        UserError: there is no such file, or it cannot be read.
    """
    index = f"{stem}.safetensors.index.json"
    if f"{stem}.safetensors" in source.files:
        files: tuple[str, ...] = (f"{stem}.safetensors",)
        placed = None
    elif index in source.files:
        placed = _weight_map(source, index)
        files = tuple(sorted(set(placed.values())))
    else:
        raise _no_safetensors(source, stem)
    tensors: dict[str, Tensor] = {}
    header_bytes = 0
    for file in files:
        if file not in source.files:
            raise _malformed(f"{source.name}/{file}", "a file that the index names", "no such file")
        header, size = _read_header(source, file)
        header_bytes += size
        found = parse_header(header, source.files[file] - size, f"{source.name}/{file}", file, size)
        for tensor in found:
            if tensor.name in tensors:
                raise _malformed(
                    f"{source.name}/{file}", "each tensor once", f"{tensor.name} twice"
                )
            tensors[tensor.name] = tensor
    if placed is not None:
        _check_index(f"{source.name}/{index}", placed, tensors)
    total = sum(source.files[file] for file in files)
    return Checkpoint(source.name, tensors, files, header_bytes, total)


def read_tensor(source: Source, tensor: Tensor) -> bytes:
    """The bytes of one tensor, little-endian, row by row."""
    return source.read(tensor.file, tensor.start, tensor.stop)


def read_json(source: Source, file: str) -> dict[str, Any]:
    """A JSON object that a checkpoint comes with, such as ``adapter_config.json``.

    Raises:
        Malformed: when it is not a JSON object, or absurdly large.
        UserError: when it is missing.
    """
    where = f"{source.name}/{file}"
    if file not in source.files:
        raise UserError(
            f"{source.name} has no {file}.",
            expected=file,
            got=_few(sorted(source.files)) or "an empty folder",
            next_command="python -m paper_repro doctor --help",
        )
    if source.files[file] > _LARGEST_JSON:
        raise _malformed(where, "a small JSON file", f"{source.files[file]:,} bytes")
    return _parse_object(source.read(file, 0, source.files[file]), where)


def parse_header(
    header: bytes, data_bytes: int, where: str = "the file", file: str = "", offset: int = 0
) -> tuple[Tensor, ...]:
    """Parse and check one header.

    Args:
        header: the JSON, without the eight bytes before it.
        data_bytes: bytes that follow it in the file.
        where: the file, for messages.
        file: recorded in each tensor.
        offset: where the data begin in the file.

    Raises:
        Malformed: unless the tensors' types and shapes fill the data exactly, without overlap.
    """
    entries = _parse_object(header, where)
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _malformed(where, "__metadata__ of texts", repr(metadata)[:80])
    tensors = [_tensor(name, entry, where, file, offset) for name, entry in entries.items()]
    reached = offset
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop)):
        if tensor.start != reached:
            got = f"{tensor.name} at {tensor.start - offset:,}"
            raise _malformed(where, f"a tensor that begins at byte {reached - offset:,}", got)
        reached = tensor.stop
    if reached - offset != data_bytes:
        expected = f"{reached - offset:,} bytes of data, as the header says"
        raise _malformed(where, expected, f"{data_bytes:,} bytes")
    return tuple(tensors)


def _read_header(source: Source, file: str) -> tuple[bytes, int]:
    where, size = f"{source.name}/{file}", source.files[file]
    if size < 8:
        raise _malformed(where, "at least 8 bytes", f"{size} bytes")
    length = int.from_bytes(source.read(file, 0, 8), "little")
    if length > LARGEST_HEADER or length > size - 8:
        expected = f"a header of at most {min(LARGEST_HEADER, size - 8):,} bytes"
        raise _malformed(where, expected, f"a length of {length:,}")
    return source.read(file, 8, 8 + length), 8 + length


def _tensor(name: str, entry: object, where: str, file: str, offset: int) -> Tensor:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [start, stop]} if (
            dtype in BITS and all(type(n) is int and n >= 0 for n in [*shape, start, stop])
        ):
            bits = math.prod(shape) * BITS[dtype]
            small = math.prod(n for n in shape if n) < 1 << 60
            if (stop - start) * 8 == bits and small:
                return Tensor(name, dtype, tuple(shape), file, offset + start, offset + stop)
            raise _malformed(
                where, f"{bits / 8:,g} bytes for {name}", f"offsets {start:,} to {stop:,}"
            )
    expected = f"dtype, shape and data_offsets of {name[:80]!r}"
    raise _malformed(where, expected, repr(entry)[:120])


def _parse_object(data: bytes, where: str) -> dict[str, Any]:
    try:
        parsed = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _malformed(where, "a JSON object in UTF-8", f"{error}"[:120]) from None
    if not isinstance(parsed, dict):
        raise _malformed(where, "a JSON object", type(parsed).__name__)
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:60]!r} twice")
    return table


def _weight_map(source: Source, index: str) -> dict[str, str]:
    match read_json(source, index):
        case {"weight_map": dict(placed)} if placed and all(
            isinstance(file, str) for file in placed.values()
        ):
            return placed
    where = f"{source.name}/{index}"
    raise _malformed(where, "a weight_map from tensor to file", "none")


def _check_index(where: str, placed: Mapping[str, str], tensors: Mapping[str, Tensor]) -> None:
    found = {name: tensor.file for name, tensor in tensors.items()}
    if found != placed:
        wrong = sorted(
            name for name in found.keys() | placed if found.get(name) != placed.get(name)
        )
        raise _malformed(where, "the tensors that the files hold", f"a difference at {_few(wrong)}")


def _no_safetensors(source: Source, stem: str) -> UserError:
    pickles = [file for file in source.files if file.endswith(_PICKLES)]
    if pickles:
        return UserError(
            f"{source.name} holds its weights as a pickle only; pickles are never loaded.",
            expected=f"{stem}.safetensors",
            got=_few(pickles),
            next_command="save it again with save_pretrained(FOLDER, safe_serialization=True)",
        )
    return UserError(
        f"{source.name} holds no weights.",
        expected=f"{stem}.safetensors, or {stem}.safetensors.index.json and its files",
        got=_few(sorted(source.files)) or "an empty folder",
        next_command="python -m paper_repro doctor --help",
    )


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")


def _malformed(where: str, expected: str, got: str) -> Malformed:
    return Malformed(
        f"{where} is not a well-formed file.",
        expected=expected,
        got=got,
        next_command="python -m paper_repro doctor FOLDER  (after saving or downloading it again)",
    )
