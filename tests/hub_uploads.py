"""The half of a hub on loopback that takes uploads: repositories made, files received, commits.

Tensors go through the LFS endpoints and everything else inside the commit, as the real hub asks.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Received:
    """What was uploaded.

    Attributes:
        private: for every repository that was made, whether it is private.
        files: for every repository its files.
        commits: messages, in order.
        stored: contents that came by LFS, by SHA-256.
    """

    private: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)


class TakesUploads(BaseHTTPRequestHandler):
    """A handler's POST and PUT."""

    received: Received

    def answer_upload(self) -> tuple[int, Any]:
        """Status and JSON of a request that brings something."""
        path, body = urlsplit(self.path).path, self._body()
        if self.command == "PUT":
            self.received.stored[path.rpartition("/")[2]] = body
            return 200, {}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path.endswith("/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": self._wanted(json.loads(body)["objects"])}
        *start, action, _ = path.strip("/").split("/")
        if action == "preupload":
            files = [
                {
                    "path": one["path"],
                    "uploadMode": "lfs" if one["path"].endswith(".safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for one in json.loads(body)["files"]
            ]
            return 200, {"files": files}
        if action == "commit":
            return self._commit("/".join(start[-2:]), body)
        return 404, {}

    def _create(self, asked: dict[str, Any]) -> tuple[int, Any]:
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.received.private:
            return 409, {"error": "exists", "url": f"http://{self.headers['Host']}/{name}"}
        self.received.private[name] = (
            asked.get("visibility") == "private" or asked.get("private") is True
        )
        return 200, {"url": f"http://{self.headers['Host']}/{name}", "name": name}

    def _wanted(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        href = f"http://{self.headers['Host']}/lfs/"
        return [one | {"actions": {"upload": {"href": href + one["oid"]}}} for one in objects]

    def _commit(self, name: str, body: bytes) -> tuple[int, Any]:
        files = self.received.files.setdefault(name, {})
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                self.received.commits.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.received.stored[value["oid"]]
        oid = f"{len(self.received.commits):040x}"
        url = f"http://{self.headers['Host']}/{name}/commit/{oid}"
        return 200, {"commitUrl": url, "commitOid": oid}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)
