"""One download: continued where it stopped, begun again where the file has changed, never wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import requests
import urllib3

from zoo.errors import HashMismatch, NetworkError
from zoo.store.disk import hash_file
from zoo.store.parts import Part
from zoo.store.plan import Download
from zoo.store.retry import Retries, Stop, Transient, persist
from zoo.store.web import ask, check_status

if TYPE_CHECKING:
    from zoo.store.progress import Progress

__all__ = ["Transfer"]

_CHUNK = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Transfer:
    """Brings the bytes of one remote into its part.

    A part is continued only where the server vouches by a strong entity tag that it still is the same file, or where a
    known sha256 will tell.

    Args:
        download: what to fetch, and what is known of it.
        part: where to.
        session: of the origin's reader.
        stop: ends it from another thread.
        progress: told of every byte.
        retries: how long to persist.
    """

    def __init__(
        self,
        download: Download,
        part: Part,
        *,
        session: requests.Session,
        stop: Stop,
        progress: Progress,
        retries: Retries,
    ) -> None:
        self._download = download
        self._remote = download.remote
        self._what = download.uri
        self._part = part
        self._session = session
        self._stop = stop
        self._progress = progress
        self._retries = retries
        self._continued = part.size > 0

    def run(self) -> str:
        """Download what is missing; gives the sha256 of all bytes.

        Raises:
            HashMismatch: size or hash is not what it must be; the bytes are deleted.
            NotFound, NetworkError: the server cannot or will not deliver; the bytes so far are kept.
        """
        self._progress.advance(self._part.size)
        self._forget_unless_usable()
        sha256 = self._complete()
        if self._is_wrong(sha256) and self._continued:
            # The beginning may be of another version of the file: one fresh start tells.
            self._restart()
            self._continued = False
            sha256 = self._complete()
        if self._is_wrong(sha256):
            self._restart()
            raise HashMismatch(
                f"{self._what} has sha256 {sha256}, not {self._download.sha256}",
                "The origin has changed its file, or something on the way changes bytes; nothing of it was kept.",
            )
        return sha256

    def _is_wrong(self, sha256: str) -> bool:
        return self._download.sha256 not in (None, sha256)

    def _complete(self) -> str:
        if self._download.size is None or self._part.size != self._download.size:
            persist(
                self._attempt,
                what=self._what,
                retries=self._retries,
                stop=self._stop,
                progress=lambda: self._part.size,
            )
        return hash_file(self._part.path)

    def _forget_unless_usable(self) -> None:
        """Drop what an earlier pull left, if it is not certain to be the beginning of this very file."""
        state, size = self._part.state, self._download.size
        known = state.get("url") == self._remote.url and (state.get("strong") or self._download.sha256)
        located = state.get("located")
        changed = None not in (located, self._remote.etag) and located != self._remote.etag
        resized = None not in (state.get("size"), size) and state.get("size") != size
        if not known or changed or resized or (size is not None and self._part.size > size):
            self._restart()

    def _restart(self) -> None:
        self._progress.advance(-self._part.drop())

    def _attempt(self) -> None:
        self._stop.check()
        have = self._part.size
        headers = dict(self._remote.headers)
        if have:
            self._continued = True
            headers["Range"] = f"bytes={have}-"
            if strong := self._part.state.get("strong"):
                headers["If-Range"] = str(strong)
        response = ask(self._session, "GET", self._remote.url, headers)
        with self._stop.watching(response):
            check_status(response, self._what)
            if self._accept(response, have):
                self._receive(response)

    def _accept(self, response: requests.Response, have: int) -> bool:
        """Whether the body is to be read; brings the part into the state that the body continues."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NetworkError(
                f"{self._what}: the server compresses although asked not to",
                "Tell its operator, or use another origin.",
            )
        if response.status_code == 200:
            self._begin(response)
            return True
        total = _total(response)
        if response.status_code == 416 and have and total in (None, have) and self._same_tag(response):
            self._check_size(have)
            return False
        start = _start(response)
        if have and start == have and self._same_tag(response) and self._same_total(total):
            return True
        self._restart()
        raise Transient(f"the server's answer (HTTP {response.status_code}) does not continue what is here")

    def _same_tag(self, response: requests.Response) -> bool:
        return response.headers.get("ETag") in (None, self._part.state.get("tag"))

    def _same_total(self, total: int | None) -> bool:
        known = self._part.state.get("size")
        return None in (total, known) or total == known

    def _begin(self, response: requests.Response) -> None:
        self._restart()
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else self._download.size
        if size is not None:
            self._check_size(size)
        elif not self._download.sha256 and "chunked" not in response.headers.get("Transfer-Encoding", "").lower():
            raise NetworkError(
                f"{self._what}: the server does not say how long the file is, and a cut would look like its end",
                "Give the file's size or sha256 on the card, or use another origin.",
            )
        tag = response.headers.get("ETag")
        strong = tag if tag and not tag.startswith("W/") else None
        said: dict[str, object] = {"tag": tag, "strong": strong, "size": size}
        self._part.begin(said | {"url": self._remote.url, "located": self._remote.etag})

    def _check_size(self, size: int) -> None:
        if self._download.size not in (None, size):
            self._restart()
            raise HashMismatch(
                f"{self._what} has {size} bytes, not {self._download.size}",
                "The origin has changed its file, or the card is wrong; nothing of it was kept.",
            )

    def _receive(self, response: requests.Response) -> None:
        size = self._part.state.get("size")
        most = size if isinstance(size, int) else None
        if self._part.path.exists():
            self._part.path.chmod(0o600)
        with self._part.path.open("ab", buffering=0) as file:
            self._copy(response, file.write, most)
        if most is not None and self._part.size < most:
            raise Transient(f"the connection broke after {self._part.size} of {most} bytes")

    def _copy(self, response: requests.Response, write: Callable[[bytes], int | None], most: int | None) -> None:
        have = self._part.size
        try:
            for chunk in _pieces(response):
                self._stop.check()
                have += len(chunk)
                if most is not None and have > most:
                    self._restart()
                    raise HashMismatch(
                        f"{self._what} goes on beyond its {most} bytes", "The origin is broken; nothing of it was kept."
                    )
                _write_all(write, chunk)
                self._progress.advance(len(chunk))
        except (urllib3.exceptions.HTTPError, requests.RequestException, ConnectionError, TimeoutError) as error:
            self._stop.check()
            raise Transient(f"the connection broke after {self._part.size} bytes: {type(error).__name__}") from error


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in, undecoded: whatever one read gives, so that a broken connection loses nothing."""
    if response.headers.get("Transfer-Encoding", "").lower() == "chunked":
        yield from response.raw.stream(_CHUNK // 16, decode_content=False)
        return
    while piece := response.raw.read1(_CHUNK, decode_content=False):
        yield piece


def _write_all(write: Callable[[bytes], int | None], chunk: bytes) -> None:
    """Write a chunk unbuffered; a nearly full disk takes a part of it first, and refuses the rest."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[write(rest) or 0 :]  # type: ignore[arg-type]  # a view is as good as bytes here


def _start(response: requests.Response) -> int | None:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(text) if text.isdecimal() else None
