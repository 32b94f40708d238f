"""Files on web servers: what their server says of them now, and what it said before."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

__all__ = ["Memory", "Now", "look"]

_NO_HEAD = {400, 403, 405, 501}


@dataclass(frozen=True, kw_only=True)
class Now:
    """What a server states of a file: bytes, entity tag, and when it was changed (UTC, ISO 8601 to the second)."""

    size: int | None
    etag: str | None
    changed: str | None


def look(session: requests.Session, url: str) -> Now:
    """Ask for a file's headers, once and again when the connection fails.

    Raises:
        NotFound, NetworkError: the server does not have it, or cannot be asked.
    """
    from zoo.store.retry import Retries, Stop, persist
    from zoo.store.sources.https import check_url

    check_url(url)
    return persist(lambda: _look(session, url), what=url, retries=Retries(tries=2), stop=Stop())


def _look(session: requests.Session, url: str) -> Now:
    from zoo.store.web import ask, check_status

    with ask(session, "HEAD", url, {}) as response:
        if response.status_code not in _NO_HEAD:
            check_status(response, url)
            return _stated(response, response.headers.get("Content-Length", ""))
    with ask(session, "GET", url, {"Range": "bytes=0-0"}) as response:
        check_status(response, url)
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
        return _stated(response, length if response.status_code == 206 else response.headers.get("Content-Length", ""))


def _stated(response: requests.Response, length: str) -> Now:
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    etag = response.headers.get("ETag", "").removeprefix("W/") or None
    size = int(length) if length.isdecimal() and not encoded else None
    return Now(size=size, etag=etag, changed=_time(response.headers.get("Last-Modified", "")))


def _time(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (TypeError, ValueError, OverflowError):
        return None


class Memory:
    """The entity tags that files had when they were last looked at, in the cache: a pull does not keep them.

    Args:
        path: the file; one that is missing or damaged is an empty memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._held = self._read()
        self._before = dict(self._held)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def of(self, url: str, pulled: str) -> str | None:
        """The tag that was noted for the file that arrived at this time, or None."""
        with self._lock:
            noted = self._held.get(url)
        if not isinstance(noted, dict) or noted.get("pulled") != pulled or not noted.get("etag"):
            return None
        return str(noted["etag"])

    def note(self, url: str, pulled: str, etag: str | None) -> None:
        """Note a tag."""
        if etag:
            with self._lock:
                self._held[url] = {"pulled": pulled, "etag": etag}

    def keep(self) -> None:
        """Write what was noted; a folder that cannot be written is no reason to fail."""
        from zoo.store.disk import write_text

        if self._held == self._before:
            return
        noted = json.dumps(self._held, sort_keys=True, indent=1)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, noted + "\n", durable=False)
        except OSError:
            return
