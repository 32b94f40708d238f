"""The hub on this machine, for data sets: the same protocol below `datasets/`."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from tests.store.local_hub import HubRepository, LocalHub, _Handler

__all__ = ["HubOfData"]


class HubOfData(LocalHub):
    """Serves its repositories as data sets."""

    def handler(self) -> type[_Handler]:
        """What answers the requests."""
        return _DataHandler


class _DataHandler(_Handler):
    def do_POST(self) -> None:
        """`paths-info`: which of the asked files there are."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        match = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/paths-info/([^/]+)", unquote(urlsplit(self.path).path))
        found = self._repository(match[1], match[2]) if match else self._answer(404, b"")
        if found:
            asked = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body)["paths"]
            self._json([self._entry(found, path) for path in asked if path in found.files or self._below(found, path)])

    def _route(self) -> None:
        self.path = re.sub(r"^/api/datasets/", "/api/models/", re.sub(r"^/datasets/", "/", self.path))
        parts = urlsplit(self.path)
        match = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", unquote(parts.path))
        if match is None:
            super()._route()
        elif found := self._repository(match[1], match[2]):
            whole = parse_qs(parts.query).get("recursive", ["false"])[0].lower() == "true"
            listed = self._listed_below(found, f"{match[3]}/" if match[3] else "", whole=whole)
            self._json(listed) if listed else self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _listed_below(self, found: HubRepository, folder: str, *, whole: bool) -> list[dict[str, object]]:
        names: dict[str, None] = {}
        for path in found.files:
            if path.startswith(folder):
                first, slash, _ = path.removeprefix(folder).partition("/")
                names.setdefault(folder + first)
                if slash and whole:
                    names.setdefault(path)
        return [self._entry(found, name) for name in names]

    def _below(self, found: HubRepository, folder: str) -> list[str]:
        return [path for path in found.files if path.startswith(f"{folder}/")]

    def _entry(self, found: HubRepository, path: str) -> dict[str, object]:
        if path not in found.files:
            return {"type": "directory", "path": path, "oid": "0" * 40}
        return {"type": "file", "path": path, "size": len(found.files[path]), "oid": found.etag(path)}
