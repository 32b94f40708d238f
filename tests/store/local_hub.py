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
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

__all__ = ["HubRepository", "LocalHub", "fill_cache"]


@dataclass
class HubRepository:
    """One repository: its files, which of them are large (LFS), its branches, and who may have it.

    `info` holds what a list of models tells besides: `pipeline_tag`, `library_name`, `tags`, `cardData`, `downloads` ….
    """

    files: dict[str, bytes]
    large: set[str] = field(default_factory=set)
    commit: str = "a" * 40
    revisions: set[str] = field(default_factory=lambda: {"main"})
    gated: bool = False
    private: bool = False
    info: dict[str, Any] = field(default_factory=dict)

    def etag(self, path: str) -> str:
        """sha256 of a large file, otherwise the git blob's sha1."""
        data = self.files[path]
        if path in self.large:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class LocalHub:
    """The server; `requests` lists `(method, path, headers)` of all that came.

    `page` is how many models a page of the list holds at most, `odd` what stands in the list besides the repositories;
    `break_at` gives one page, counted from 0, that is not what it should be: a status and a body.
    """

    repositories: dict[str, HubRepository] = field(default_factory=dict)
    token: str = "hf_test"
    status: int | None = None
    body: bytes | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    page: int = 100
    odd: list[Any] = field(default_factory=list)
    break_at: tuple[int, int, bytes] | None = None
    next_host: str | None = None

    def handler(self) -> type[_Handler]:
        """What answers the requests."""
        return _Handler

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Serve on a free port until the end of the block."""
        handler = type("Handler", (self.handler(),), {"hub": self})
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
        elif path == "/api/models":
            self._list(parse_qs(urlsplit(self.path).query))
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

    def _list(self, query: dict[str, list[str]]) -> None:
        """A page of the list: only the properties in `expand`, and the next page in a `Link` header."""
        hub, start = self.hub, int(query.get("cursor", ["0"])[0])
        found = [
            self._listed(name, one, query) for name, one in hub.repositories.items() if self._fits(name, one, query)
        ]
        found.sort(key=lambda one: one.pop("order"), reverse=True)
        everything = [*found, *hub.odd]
        size = min(int(query.get("limit", [str(hub.page)])[0]), hub.page)
        if hub.break_at and hub.break_at[0] == start // size:
            self._answer(hub.break_at[1], hub.break_at[2])
            return
        headers = {}
        if start + size < len(everything):
            pairs = [(name, value) for name, values in query.items() if name != "cursor" for value in values]
            there = f"{hub.next_host or hub.url}/api/models?{urlencode([*pairs, ('cursor', str(start + size))])}"
            headers["Link"] = f'<{there}>; rel="next"'
        self._json(everything[start : start + size], headers)

    def _fits(self, name: str, one: HubRepository, query: dict[str, list[str]]) -> bool:
        info = one.info
        words = {*info.get("tags", []), info.get("library_name"), info.get("pipeline_tag")}
        author, search = query.get("author"), query.get("search")
        return (
            (not one.private or self._allowed)
            and (author is None or name.partition("/")[0] == author[0])
            and (search is None or search[0].lower() in name.lower())
            and query.get("pipeline_tag", [info.get("pipeline_tag")]) == [info.get("pipeline_tag")]
            and set(query.get("filter", [])) <= words
        )

    def _listed(self, name: str, one: HubRepository, query: dict[str, list[str]]) -> dict[str, Any]:
        known = {"downloads": 0, "likes": 0, "tags": [], **one.info}
        known |= {"sha": one.commit, "private": one.private, "gated": "auto" if one.gated else False}
        known |= {"siblings": [{"rfilename": path} for path in one.files]}
        given = {key: value for key, value in known.items() if key in query.get("expand", [])}
        return {"_id": "0", "id": name, **given, "order": known.get(query.get("sort", ["downloads"])[0]) or 0}

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

    def _json(self, value: object, headers: Mapping[str, str] | None = None) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
