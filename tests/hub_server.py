"""A hub on loopback: models and data sets served from folders, over real HTTP.

``with HubServer(models={"org/name": folder}) as hub:`` then point ``HF_ENDPOINT`` (read when
huggingface_hub is imported: use a new process) or :func:`pointing_at` at ``hub.url``. Every request
is recorded with the bytes that were sent, so a test can show that no weights travelled. Switches
misbehave as real servers and networks do. ``main`` is the one branch; ``earlier`` holds what stood
there before. What is uploaded is kept in ``received``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tests.hub_uploads import Received, TakesUploads

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Request(NamedTuple):
    """One request, as it was answered."""

    method: str
    path: str
    range: str | None
    status: int
    sent: int
    authorized: bool


@dataclass
class Misbehaviour:
    """What is wrong with the server; changed while it runs."""

    ignore_range: bool = False
    truncate: int | None = None
    status: int | None = None
    delay: float = 0.0
    html: bool = False
    no_sizes: bool = False


@dataclass
class HubServer:
    """A running server.

    Attributes:
        gated, private: names of repositories.
        commits: what ``main`` is, for repositories where it is not :data:`COMMIT`.
        earlier: folders of other commits, by repository and commit.
    """

    models: Mapping[str, Path] = field(default_factory=dict)
    datasets: Mapping[str, Path] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    wrong: Misbehaviour = field(default_factory=Misbehaviour)
    requests: list[Request] = field(default_factory=list)
    received: Received = field(default_factory=Received)

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(_Handler):
            server_hub = hub
            received = hub.received

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def sent(self) -> int:
        """Bytes of file content that left the server."""
        return sum(request.sent for request in self.requests if "/resolve/" in request.path)

    def at(self, name: str, revision: str, folder: Path) -> tuple[Path, str] | None:
        """Folder and commit of a revision; ``folder`` is that of ``main``."""
        main = self.commits.get(name, COMMIT)
        if revision in ("main", main):
            return folder, main
        found = self.earlier.get((name, revision))
        return (found, revision) if found else None


class _Handler(TakesUploads):
    server_hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        status, answer = self.answer_upload()
        self._send(self.server_hub.wrong.status or status, json.dumps(answer).encode())

    do_PUT = do_POST

    def _answer(self) -> None:
        hub, path = self.server_hub, unquote(urlsplit(self.path).path)
        time.sleep(hub.wrong.delay)
        if hub.wrong.status is not None:
            return self._send(hub.wrong.status, b"out of order")
        if hub.wrong.html:
            return self._send(200, b"<html>sign in to this network</html>")
        table = hub.datasets if "datasets/" in path else hub.models
        path = path.replace("datasets/", "", 1)
        is_api = path.startswith("/api/")
        parts = path.removeprefix("/api/models").removeprefix("/api").strip("/").split("/")
        name, rest = "/".join(parts[:2]), parts[2:]
        if name in hub.private or name not in table:
            return self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        if is_api:
            return self._info(name, table[name], rest)
        if name in hub.gated and "Authorization" not in self.headers:
            return self._send(401, b"{}", {"X-Error-Code": "GatedRepo"})
        found = hub.at(name, rest[1], table[name]) if rest[:1] == ["resolve"] else None
        if found is None:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        file = found[0] / "/".join(rest[2:])
        if not file.is_file():
            return self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        self._file(file.read_bytes(), found[1])

    def _info(self, name: str, folder: Path, rest: list[str]) -> None:
        found = self.server_hub.at(name, rest[1] if rest else "main", folder)
        if found is None:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        folder, commit = found
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        entries = [
            {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
            for path in files
        ]
        if rest[:1] == ["tree"]:
            tree = [{"type": "file", "oid": commit, **entry} for entry in entries]
            return self._send(200, json.dumps(tree).encode())
        siblings = [{"rfilename": entry["path"], "size": entry["size"]} for entry in entries]
        if self.server_hub.wrong.no_sizes:
            siblings = [{"rfilename": entry["path"]} for entry in entries]
        info = {"id": name, "sha": commit, "siblings": siblings, "private": False}
        info |= {"gated": "auto" if name in self.server_hub.gated else False}
        self._send(200, json.dumps(info | {"tags": [], "downloads": 0, "likes": 0}).encode())

    def _file(self, data: bytes, commit: str) -> None:
        wanted = self.headers.get("Range")
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": commit,
            "Accept-Ranges": "bytes",
        }
        if wanted is None or self.server_hub.wrong.ignore_range:
            return self._send(200, data, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last or len(data) - 1) + 1]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        self._send(206, part, headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        truncate = self.server_hub.wrong.truncate if status in (200, 206) else None
        is_file = "/resolve/" in self.path
        part = body if truncate is None or not is_file else body[:truncate]
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        if len(part) < len(body):
            self.close_connection = True
        size = 0 if self.command == "HEAD" else len(part)
        trusted = "Authorization" in self.headers
        record = Request(self.command, self.path, self.headers.get("Range"), status, size, trusted)
        self.server_hub.requests.append(record)
        self.end_headers()
        if size:
            self._write(part, record)

    def _write(self, body: bytes, record: Request) -> None:
        """Send in pieces; a reader that hangs up stops it, and the record says where."""
        requests = self.server_hub.requests
        for start in range(0, len(body), 65_536):
            try:
                self.wfile.write(body[start : start + 65_536])
            except ConnectionError:
                for index in [i for i, kept in enumerate(requests) if kept is record]:
                    requests[index] = record._replace(sent=start)
                self.close_connection = True
                return


@contextlib.contextmanager
def pointing_at(url: str) -> Iterator[None]:
    """Point the installed huggingface_hub at another endpoint, in this process.

    It reads ``HF_ENDPOINT`` once, at import, into the constants that are replaced here; a test in
    a new process shows that the variable itself works.
    """
    from unittest.mock import patch

    from huggingface_hub import constants
    from huggingface_hub.hf_api import api
    from huggingface_hub.utils import close_session

    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    with (
        patch.object(constants, "ENDPOINT", url),
        patch.object(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template),
        patch.object(constants, "HF_HUB_OFFLINE", False),
        patch.object(constants, "HF_HUB_DISABLE_XET", True),
        patch.object(api, "endpoint", url),
    ):
        try:
            yield
        finally:
            close_session()
