"""How many rows a published data set has: counted in its parquet footers, and as its card says.

``count_rows(open_hub("org/name", "dataset"))`` reads the last kilobytes of each parquet file and
the card's YAML, never a row. The footers are the truth; cards go stale, and one that cannot be
parsed declares nothing. Data sets that are not stored as parquet have their card's word only.
It needs pyarrow for footers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from io import BytesIO
from typing import Any

from paper_repro.counting.checkpoint import Malformed
from paper_repro.counting.source import Source

_LARGEST_FOOTER = 64_000_000
_LARGEST_CARD = 4_000_000
_TAIL = 65_536
_SPLIT = re.compile(r"(train|validation|valid|val|test|dev)(?![a-z])")


@dataclass(frozen=True)
class Rows:
    """Rows of a data set by split, as far as they can be known.

    Attributes:
        counted: from parquet footers; empty when no file is parquet.
        declared: ``num_examples`` of the card; empty when it gives none.
        files: number of parquet files that were counted.
    """

    counted: dict[str, int]
    declared: dict[str, int]
    files: int

    @property
    def total(self) -> int | None:
        """All rows: the counted ones, else the declared ones, else unknown."""
        best = self.counted or self.declared
        return sum(best.values()) if best else None

    @property
    def formula(self) -> str:
        """Both numbers where there are both: ``4,772 + 412 = 5,184 in …; the card says …``."""
        parts = []
        if self.counted:
            files = f"{self.files} parquet file{'s' * (self.files > 1)}"
            parts.append(f"{_sum(self.counted)} in the footers of {files}")
        if self.declared:
            same = sorted(self.declared.values()) == sorted(self.counted.values())
            parts.append(f"its card says {'the same' if same else _sum(self.declared)}")
        return "; ".join(parts) or "no parquet file, and no number of examples in its card"


def count_rows(source: Source) -> Rows:
    """Count a data set's rows without reading any.

    A card may name the files of several configurations; then the default one is counted, else
    the first.

    Raises:
        Malformed: a parquet file's footer is hostile or truncated.
        UserError: a file cannot be read.
    """
    card = _card(source)
    files = _data_files(card, [file for file in source.files if file.endswith(".parquet")])
    counted: dict[str, int] = {}
    for file, split in files.items():
        counted[split] = counted.get(split, 0) + parquet_rows(source, file)
    return Rows(counted, _declared(card), len(files))


def parquet_rows(source: Source, file: str) -> int:
    """The number of rows in one parquet file's footer, by one or two range reads.

    Raises:
        Malformed: unless the file ends in a footer that pyarrow can parse.
    """
    from pyarrow.lib import ArrowException
    from pyarrow.parquet import read_metadata

    where, size = f"{source.name}/{file}", source.files[file]
    tail = source.read(file, max(0, size - _TAIL), size)
    length = int.from_bytes(tail[-8:-4], "little")
    if tail[-4:] != b"PAR1" or not 0 < length <= min(size - 12, _LARGEST_FOOTER):
        raise _malformed(where, f"the last bytes {tail[-8:]!r} of {size:,}")
    if length + 8 > len(tail):
        tail = source.read(file, size - 8 - length, size)
    try:
        return int(read_metadata(BytesIO(b"PAR1" + tail[-8 - length :])).num_rows)
    except (OSError, ArrowException) as error:
        raise _malformed(where, f"{error}".strip()[:120]) from None


def _card(source: Source) -> dict[str, Any]:
    from huggingface_hub import RepoCard

    size = source.files.get("README.md", 0)
    if not 0 < size <= _LARGEST_CARD:
        return {}
    text = source.read("README.md", 0, size).decode("utf-8", "replace")
    if not text.lstrip("\ufeff").startswith("---"):
        return {}
    try:
        data: dict[str, Any] = RepoCard(text, ignore_metadata_errors=True).data.to_dict()
    except Exception:  # whatever the YAML library makes of someone's card
        return {}
    return data


def _chosen(items: object) -> dict[str, Any]:
    """The default configuration of a list of them, else the first."""
    listed: list[dict[str, Any]] = [
        item for item in (items if isinstance(items, list) else [items]) if isinstance(item, dict)
    ]
    default = [
        item for item in listed if item.get("default") or item.get("config_name") == "default"
    ]
    return next(iter(default + listed), {})


def _declared(card: dict[str, Any]) -> dict[str, int]:
    splits = _chosen(card.get("dataset_info")).get("splits")
    return {
        str(split.get("name")): split["num_examples"]
        for split in (splits if isinstance(splits, list) else ())
        if _is_table(split) and type(split.get("num_examples")) is int
    }


def _data_files(card: dict[str, Any], parquet: list[str]) -> dict[str, str]:
    """Which parquet files belong to which split, by the card or else by their names."""
    declared = _chosen(card.get("configs")).get("data_files")
    if isinstance(declared, str):
        declared = [{"split": "train", "path": declared}]
    placed = {
        file: str(entry.get("split", "train"))
        for entry in (declared if isinstance(declared, list) else ())
        if _is_table(entry)
        for file in parquet
        if any(fnmatch(file, pattern) for pattern in _patterns(entry.get("path")))
    }
    return placed or {file: _split_of(file) for file in parquet}


def _patterns(path: object) -> Iterable[str]:
    return [str(item) for item in path] if isinstance(path, list) else [str(path)]


def _split_of(file: str) -> str:
    found = _SPLIT.search(file.rpartition("/")[2]) or _SPLIT.search(file)
    return found[1] if found else "train"


def _is_table(item: object) -> bool:
    return isinstance(item, dict)


def _sum(splits: dict[str, int]) -> str:
    parts = " + ".join(f"{rows:,} {split}" for split, rows in splits.items())
    return f"{parts} = {sum(splits.values()):,}" if len(splits) > 1 else parts


def _malformed(where: str, got: str) -> Malformed:
    return Malformed(
        f"{where} is not a well-formed file.",
        expected="a parquet file, complete with its footer",
        got=got,
        next_command="python -m paper_repro verify --stage hub",
    )
