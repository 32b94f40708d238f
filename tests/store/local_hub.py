"""A real server on this machine that speaks the hub's protocol, for huggingface-hub and for downloads."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["HubRepository", "LocalHub", "fill_cache"]


@dataclass
class HubRepository:
    """One repository: its files, which of them are large (LFS), its branches, and who may have it."""

    files: dict[str, bytes]
    large: set[str] = field(default_factory=set)
    commit: str = "a" * 40
    revisions: set[str] = field(default_factory=lambda: {"main"})
    gated: bool = False
    private: bool = False

    def etag(self, path: str) -> str:
        """sha256 of a large file, otherwise the git blob's sha1."""
        data = self.files[path]
        if path in self.large:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class LocalHub:
    """The server; `requests` lists `(method, path, headers)` of all that came."""

    repositories: dict[str, HubRepository] = field(default_factory=dict)
    token: str = "hf_test"
    status: int | None = None
    body: bytes | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serve(self) -> Iterator[LocalHub]:
        """Serve on a free port until the end of the block."""
        handler = type("Handler", (_Handler,), {"hub": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def fill_cache(cache: Path, name: str, repository: HubRepository, paths: list[str]) -> None:
    """Lay files into a hub cache as huggingface-hub does: blobs by etag, snapshots of links, refs."""
    root = cache / f"models--{name.replace('/', '--')}"
    (root / "refs").mkdir(parents=True, exist_ok=True)
    (root / "refs" / "main").write_text(repository.commit)
    for path in paths:
        blob = root / "blobs" / repository.etag(path)
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(repository.files[path])
        link = root / "snapshots" / repository.commit / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._route()

    def do_HEAD(self) -> None:
        self._route()

    def _route(self) -> None:
        hub = self.hub
        hub.requests.append((self.command, self.path, dict(self.headers)))
        path = unquote(urlsplit(self.path).path)
        if hub.status or hub.body is not None:
            self._answer(hub.status or 200, hub.body or b"")
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._info(match[1], match[2])
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            self._tree(match[1], match[2])
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(*match.groups())
        elif match := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self._body(self.hub.repositories[match[1]].files[match[2]], {"ETag": '"of-the-other-host"'})
        else:
            self._answer(404, b"")

    @property
    def _allowed(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.hub.token}"

    def _repository(self, name: str, revision: str | None) -> HubRepository | None:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and not self._allowed):
            self._answer(401, b"", {"X-Error-Code": "RepoNotFound"})
            return None
        if revision not in {None, found.commit, *found.revisions}:
            self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return None
        return found

    def _info(self, name: str, revision: str | None) -> None:
        if found := self._repository(name, revision):
            siblings = [self._sibling(found, path) for path in found.files]
            info = {"id": name, "sha": found.commit, "siblings": siblings, "gated": "auto" if found.gated else False}
            self._json(info | {"private": found.private, "tags": [], "downloads": 0, "likes": 0})

    def _sibling(self, found: HubRepository, path: str) -> dict[str, object]:
        data = found.files[path]
        made: dict[str, object] = {"rfilename": path, "size": len(data), "blobId": found.etag(path)}
        if path in found.large:
            made["lfs"] = {"sha256": found.etag(path), "size": len(data), "pointerSize": 134}
        return made

    def _tree(self, name: str, revision: str) -> None:
        if found := self._repository(name, revision):
            entries = []
            for path, data in found.files.items():
                entry: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": found.etag(path)}
                if path in found.large:
                    entry["lfs"] = {"oid": found.etag(path), "size": len(data), "pointerSize": 134}
                entries.append(entry)
            self._json(entries)

    def _resolve(self, name: str, revision: str, path: str) -> None:
        found = self._repository(name, revision)
        if found is None:
            return
        commit = {"X-Repo-Commit": found.commit}
        if found.gated and not self._allowed:
            self._answer(403, b"", {"X-Error-Code": "GatedRepo"})
        elif path not in found.files:
            self._answer(404, b"", commit | {"X-Error-Code": "EntryNotFound"})
        elif path in found.large:
            linked = {"X-Linked-Etag": f'"{found.etag(path)}"', "X-Linked-Size": str(len(found.files[path]))}
            elsewhere = self.hub.url.replace("127.0.0.1", "localhost")
            self._answer(302, b"", commit | linked | {"Location": f"{elsewhere}/cdn/{name}/{path}"})
        else:
            self._body(found.files[path], commit | {"ETag": f'"{found.etag(path)}"'})

    def _body(self, data: bytes, headers: Mapping[str, str]) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            self._answer(200, data, headers)
            return
        start, end = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
        ranged = {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
        self._answer(206, data[start : end + 1], {**headers, **ranged})

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
