"""Folders and hub repositories, read in the same two ways: which files, and which bytes of one.

``open_source("some/folder")`` or ``open_source("org/name")`` gives an object with ``files`` and
``read(file, start, stop)``. From the hub, only the bytes that are asked for travel: one range
request each, no retries, a short timeout, and a server that sends more is cut off. ``HF_ENDPOINT``
and ``HF_HUB_OFFLINE`` are respected (offline, a snapshot in the hub's cache is read as a folder).
It writes nothing, and knows nothing of what the files mean; that is ``checkpoint`` and ``rows``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from paper_repro.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TIMEOUT = 8.0
"""Seconds to wait for a connection, and for each piece of an answer."""
DEADLINE = 120.0
"""Seconds that one request may take in all."""
SKIPPABLE = 1 << 20
"""Bytes that are read and thrown away when a server ignores the range it was asked for."""
_DOCTOR = "python -m paper_repro doctor FOLDER"
_T = TypeVar("_T")

Kind = Literal["model", "dataset"]


class HubUnreachable(UserError):
    """The hub does not answer, or not as a hub: nothing is known about any repository."""


class RepoUnreadable(UserError):
    """The hub answers that this repository cannot be read: missing, private or gated."""


class Source(Protocol):
    """A place that holds files."""

    @property
    def name(self) -> str:
        """As the user typed it."""

    @property
    def files(self) -> Mapping[str, int]:
        """Size in bytes of every file, by its path with forward slashes."""

    def read(self, file: str, start: int, stop: int) -> bytes:
        """Exactly the bytes ``start`` to ``stop`` (excluded) of one file.

        Raises:
            UserError: when they cannot be had.
        """


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    path: Path
    name: str
    files: Mapping[str, int]

    def read(self, file: str, start: int, stop: int) -> bytes:
        """See :class:`Source`."""
        try:
            with (self.path / file).open("rb") as stream:
                stream.seek(start)
                data = stream.read(stop - start)
        except OSError as error:
            raise UserError(
                f"{self.path / file} cannot be read.",
                expected="a readable file",
                got=error.strerror or type(error).__name__,
                next_command=f"ls -l {self.path}",
            ) from None
        return _complete(data, stop - start, f"{self.path / file}", f"ls -l {self.path}")


@dataclass
class HubRepository:
    """A repository on the hub, at one commit.

    Attributes:
        commit: what ``revision`` meant when it was opened; every later read is of this commit.
        prefix: a folder in the repository that ``files`` and ``read`` are relative to, or ``""``.
        anonymous: read without the user's token, as anyone would.
        received: bytes of file content that have travelled so far.
    """

    name: str
    repository: str
    kind: Kind
    commit: str
    files: Mapping[str, int]
    prefix: str = ""
    anonymous: bool = False
    received: int = field(default=0, compare=False)

    def read(self, file: str, start: int, stop: int) -> bytes:
        """See :class:`Source`."""
        if stop == start:
            return b""
        path = f"{self.prefix}{file}"
        where = f"{self.name}/{file}"
        data = _asking(where, lambda: self._stream(path, start, stop))
        self.received += len(data)
        return _complete(data, stop - start, where, f"curl -I {self._url(path)}")

    def _url(self, path: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.repository, path, repo_type=self.kind, revision=self.commit)

    def _stream(self, path: str, start: int, stop: int) -> bytes:
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        headers = build_hf_headers(token=False if self.anonymous else None) | {
            "Range": f"bytes={start}-{stop - 1}",
            "Accept-Encoding": "identity",
        }
        deadline = time.monotonic() + DEADLINE
        with get_session().stream(
            "GET", self._url(path), headers=headers, timeout=TIMEOUT
        ) as response:
            hf_raise_for_status(response)
            skip = 0 if response.status_code == 206 else start
            if skip > SKIPPABLE:
                raise UserError(
                    f"The hub sends all of {self.name}/{path} when it is asked for a part.",
                    expected=f"bytes {start:,} to {stop - 1:,} alone (status 206)",
                    got=f"status {response.status_code}",
                    next_command="python -m paper_repro doctor FOLDER  (after downloading it)",
                )
            data = bytearray()
            for piece in response.iter_raw():
                data += piece
                if len(data) >= skip + stop - start or time.monotonic() > deadline:
                    break
        return bytes(data[skip : skip + stop - start])


def open_source(name: str, *, anonymous: bool = False) -> Folder | HubRepository:
    """A folder where there is one, else a model repository on the hub.

    Args:
        name: a folder, ``org/name`` on the hub, or ``org/name/sub/folder`` there.

    Raises:
        UserError: when it is neither, or cannot be read (see :func:`open_hub`).
    """
    path = Path(name)
    if path.is_dir():
        return open_folder(path)
    if path.is_file() or name.startswith(("/", ".", "~")):
        raise UserError(
            f"{name} is no folder on this machine.",
            expected="a folder that holds a saved adapter, or a hub id such as org/name",
            got="a file" if path.is_file() else "nothing there",
            next_command=f"ls {path.parent}",
        )
    return open_hub(name, anonymous=anonymous)


def open_folder(path: Path, name: str = "") -> Folder:
    """The files of a folder and of the folders in it."""
    files = {
        found.relative_to(path).as_posix(): found.stat().st_size
        for pattern in ("*", "*/*")
        for found in sorted(path.glob(pattern))
        if found.is_file()
    }
    return Folder(path, name or str(path), files)


def open_hub(
    name: str, kind: Kind = "model", *, revision: str | None = None, anonymous: bool = False
) -> Folder | HubRepository:
    """A repository on the hub: its commit and the sizes of its files, by one request.

    A mirror that leaves sizes out of that answer is asked for the repository's tree as well.

    Raises:
        HubUnreachable: no connection, or the hub answers with an error of its own.
        RepoUnreadable: no such repository or revision, or not without being given access.
        UserError: the name is not one that a repository can have.
    """
    from huggingface_hub import HfApi, constants

    repository, prefix = _split(name)
    if constants.HF_HUB_OFFLINE and (cached := _cached(repository, kind, revision)):
        return open_folder(cached / prefix, name)
    api = HfApi(token=False if anonymous else None)
    info: Any = _asking(
        name,
        lambda: api.repo_info(
            repository, repo_type=kind, revision=revision, files_metadata=True, timeout=TIMEOUT
        ),
    )
    sizes = {sibling.rfilename: sibling.size for sibling in info.siblings or ()}
    if None in sizes.values():
        sizes = _asking(name, lambda: _sizes_in_tree(api, repository, kind, info.sha))
    files = {
        path.removeprefix(prefix): size
        for path, size in sizes.items()
        if path.startswith(prefix) and size is not None
    }
    return HubRepository(
        name, repository, kind, info.sha or "main", files, prefix, anonymous=anonymous
    )


def _sizes_in_tree(
    api: HfApi, repository: str, kind: Kind, revision: str | None
) -> dict[str, int | None]:
    from huggingface_hub.hf_api import RepoFile

    tree = api.list_repo_tree(repository, recursive=True, revision=revision, repo_type=kind)
    return {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}


def _split(name: str) -> tuple[str, str]:
    parts = name.strip("/").split("/")
    return "/".join(parts[:2]), "".join(f"{part}/" for part in parts[2:])


def _cached(repository: str, kind: Kind, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(
            snapshot_download(repository, repo_type=kind, revision=revision, local_files_only=True)
        )
    except (OSError, HFValidationError):
        return None


def _asking(name: str, request: Callable[[], _T]) -> _T:
    """Run one request to the hub; say what went wrong in the user's words."""
    from huggingface_hub import constants, errors

    # httpx's, under whichever name the installed huggingface_hub has it
    network_error = cast(type[Exception], errors.HfHubHTTPError.__mro__[1])
    try:
        return request()
    except errors.HFValidationError:
        raise UserError(
            f"There is no folder {name!r}, and the hub has no such names.",
            expected="a folder, or a hub id such as org/name",
            got=repr(name),
            next_command=_DOCTOR,
        ) from None
    except errors.GatedRepoError as error:
        raise _unreadable(name, f"it asks for access first ({_status(error)})") from None
    except errors.RepositoryNotFoundError as error:
        raise _unreadable(name, f"missing or private ({_status(error)})") from None
    except (errors.RevisionNotFoundError, errors.DisabledRepoError) as error:
        raise _unreadable(name, f"{type(error).__name__} ({_status(error)})") from None
    except errors.EntryNotFoundError:
        raise UserError(
            f"{name} is not on the hub.",
            expected="a file of the repository",
            got="status 404",
            next_command=_DOCTOR,
        ) from None
    except errors.OfflineModeIsEnabled:
        raise _unreachable(
            name, "HF_HUB_OFFLINE is set and there is no copy in the cache"
        ) from None
    except errors.HfHubHTTPError as error:
        if error.response is not None and error.response.status_code in (401, 403):
            raise _unreadable(name, f"no access ({_status(error)})") from None
        raise _unreachable(f"{name} at {constants.ENDPOINT}", _status(error)) from None
    except (OSError, network_error, ValueError, TypeError, KeyError) as error:
        raise _unreachable(f"{name} at {constants.ENDPOINT}", type(error).__name__) from None


def _status(error: object) -> str:
    response = getattr(error, "response", None)
    return f"status {response.status_code}" if response is not None else type(error).__name__


def _unreadable(name: str, got: str) -> RepoUnreadable:
    return RepoUnreadable(
        f"{name} cannot be read from the hub.",
        expected="a repository that anyone can read, or one that your token opens",
        got=got,
        next_command=f"hf auth login  (if {name} is yours or you were given access)",
    )


def _unreachable(what: str, got: str) -> HubUnreachable:
    return HubUnreachable(
        f"The hub gave no usable answer for {what}.",
        expected="a network connection to the hub (HF_ENDPOINT names another)",
        got=got,
        next_command=f"{_DOCTOR}  (a folder on this machine needs no network)",
    )


def _complete(data: bytes, size: int, where: str, next_command: str) -> bytes:
    if len(data) == size:
        return data
    raise UserError(
        f"{where} ends early.",
        expected=f"{size:,} bytes",
        got=f"{len(data):,} bytes",
        next_command=next_command,
    )
