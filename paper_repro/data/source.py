"""Rows from the hub, from a folder or from memory, each stored row on its own when it is asked for.

Pictures stay encoded until a row is read, so that one that cannot be decoded costs that row and no
other. Nothing is executed: parquet, Arrow and JSON lines only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from paper_repro.data.frames import IMAGE_COLUMNS, Raw
from paper_repro.data.hub import snapshot
from paper_repro.data.survey import Progress, Seen, survey
from paper_repro.errors import UserError
from paper_repro.quiet import captured

FILES = ("*.parquet", "*.jsonl", "*.png", "*.jpg", "*.jpeg", "README.md")
"""What is fetched of a data set's repository."""


@dataclass(frozen=True)
class Splits:
    """The stored rows of a data set, by split.

    Attributes:
        name: as the user gave it.
        revision: the commit on the hub; None for a folder or rows in memory.
        raws: for each split its rows as they are stored, read one by one.
    """

    name: str
    revision: str | None
    raws: Mapping[str, Sequence[Raw]]
    _kept: dict[str, tuple[Seen, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, split: str) -> Sequence[Raw]:
        """The rows of one split.

        Raises:
            UserError: there is no such split.
        """
        if split not in self.raws:
            raise UserError(
                f"{self.name} has no split {split!r}.",
                expected=" or ".join(self.raws),
                got=repr(split),
                next_command="name one of its splits",
            )
        return self.raws[split]

    @property
    def train(self) -> Sequence[Raw]:
        """The rows to train on."""
        return self["train"]

    @property
    def validation(self) -> Sequence[Raw]:
        """The rows that are held out."""
        return self["validation"]

    def seen(self, progress: Progress | None = None) -> Mapping[str, tuple[Seen, ...]]:
        """One look at every row, kept; about 1 ms a row of 224 × 224 the first time."""
        if not self._kept:
            self._kept.update(survey(self.raws, progress))
        return self._kept

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every row in order: what it says, and the pixels that it shows.

        The same for parquet, JSON lines and rows in memory; another for another order or split.
        """
        seen = self.seen()
        said = [[split, [row.content for row in seen[split]]] for split in sorted(seen)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def load_rows(where: Any, revision: str | None = None, *, name: str | None = None) -> Splits:
    """The rows of a data set.

    Args:
        where: a data set on the hub; a folder with parquet files in the hub's layout, one that
            ``save_to_disk`` made, or one with JSON lines and picture files; or a
            ``datasets.DatasetDict`` or ``Dataset``.
        revision: branch, tag or commit on the hub; a folder has none, and it is not looked at.
        name: what the rows are called in reports, if not ``where``.

    Raises:
        UserError: they cannot be had, a split is empty, or no row has ``messages``.
    """
    if not isinstance(where, str | Path):
        return _checked(Splits(name or "rows in memory", None, _by_split(where)))
    if Path(where).is_dir():
        return _checked(Splits(name or str(where), None, _in_folder(Path(where))))
    folder = snapshot(str(where), "dataset", revision, FILES)
    return _checked(Splits(name or str(where), folder.name, _in_folder(folder)))


def _checked(splits: Splits) -> Splits:
    empty = [split for split, raws in splits.raws.items() if not len(raws)]
    if empty or not splits.raws:
        raise _no_rows(splits.name, " and ".join(empty) or "any split")
    for split, raws in splits.raws.items():
        columns = columns_of(raws)
        if "messages" not in columns:
            raise UserError(
                f"The rows of {splits.name}, {split}, have no messages.",
                expected="the columns image and messages",
                got=", ".join(sorted(columns)) or "no column that can be read",
                next_command="name a data set in the paper's format",
            )
    return splits


def _no_rows(name: str, split: str) -> UserError:
    return UserError(
        f"{name} has no rows in {split}.",
        expected="rows in every split",
        got="0 rows",
        next_command="name another data set, or look into its files",
    )


def columns_of(raws: Sequence[Raw]) -> set[str]:
    """The names of the columns that any row has."""
    if isinstance(raws, ArrowRows):
        return set(raws.columns)
    return {column for raw in raws for column in raw if column != "unreadable"}


def _in_folder(folder: Path) -> dict[str, Sequence[Raw]]:
    if any((folder / mark).is_file() for mark in ("dataset_dict.json", "state.json")):
        return _by_split(_library(folder, lambda datasets: datasets.load_from_disk(folder)))
    if any(folder.rglob("*.parquet")):
        return _by_split(_library(folder, lambda datasets: _parquet(datasets, folder)))
    if lines := sorted(folder.rglob("*.jsonl")):
        return _json_lines(lines)
    raise UserError(
        f"{folder} holds no rows.",
        expected="parquet files, JSON lines, or what save_to_disk writes",
        got="none of them",
        next_command=f"ls -R {folder}",
    )


def _parquet(datasets: Any, folder: Path) -> Any:
    # what a card says of the rows is not held against them: they are counted here
    return datasets.load_dataset(str(folder), verification_mode="no_checks")


def _library(folder: Path, load: Callable[[Any], Any]) -> Any:
    """Let the datasets library load, and say in the user's words why it did not."""
    import datasets
    from datasets.exceptions import DatasetsError
    from pyarrow import ArrowException

    try:
        with captured():
            return load(datasets)
    except (DatasetsError, ArrowException, OSError, ValueError, IndexError) as error:
        cause = error.__cause__ or error
        # what the library says of an empty split in parquet, and in a saved folder
        if "corresponds to no data" in str(cause) or isinstance(cause, IndexError):
            raise _no_rows(str(folder), "one of its splits") from None
        raise UserError(
            f"The rows in {folder} cannot be read.",
            expected="parquet or Arrow files that the datasets library reads",
            got=f"{type(cause).__name__}: {cause}".splitlines()[0],
            next_command=f"ls -R {folder}",
        ) from None


def _by_split(loaded: Any) -> dict[str, Sequence[Raw]]:
    from datasets import Dataset

    if isinstance(loaded, Dataset):
        loaded = {str(loaded.split or "train"): loaded}
    return {str(split): ArrowRows(rows) for split, rows in loaded.items()}


class ArrowRows(Sequence[Raw]):
    """The rows of a ``datasets.Dataset`` as they are stored, pictures not decoded."""

    def __init__(self, rows: Any) -> None:
        self.columns: list[str] = rows.column_names
        self._rows = rows.with_format("arrow")

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Raw: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Raw]: ...
    def __getitem__(self, index: int | slice) -> Raw | Sequence[Raw]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row: dict[str, Any] = self._rows[index].to_pylist()[0]
        return row


def _json_lines(files: Sequence[Path]) -> dict[str, Sequence[Raw]]:
    splits: dict[str, list[Raw]] = {}
    for file in files:
        split = file.parent.name if file.stem == "metadata" else file.stem.partition("-")[0]
        with file.open(encoding="utf-8", errors="replace") as lines:
            rows = [_json_line(line, file.parent) for line in lines if line.strip()]
        splits.setdefault(split, []).extend(rows)
    return dict(splits)


def _json_line(line: str, folder: Path) -> Raw:
    try:
        row = json.loads(line)
    except ValueError as error:
        return {"unreadable": f"not JSON: {error}"}
    if not isinstance(row, dict):
        return {"unreadable": f"a JSON {type(row).__name__}"}
    for column in row.keys() & set(IMAGE_COLUMNS):
        row[column] = _beside(row[column], folder)
    return row


def _beside(stored: Any, folder: Path) -> Any:
    """Names of picture files, as paths from the folder of the file that names them."""
    if isinstance(stored, list):
        return [_beside(entry, folder) for entry in stored]
    return str(folder / stored) if isinstance(stored, str) and stored else stored
