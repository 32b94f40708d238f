"""Read parts of a file on a server without downloading the rest (HTTP range requests, RFC 9110 section 14)."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import requests

__all__ = ["RangeFile", "open_remote"]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_BUFFER = 1 << 17
_PLAIN = {"Accept-Encoding": "identity"}


@contextmanager
def open_remote(session: requests.Session, url: str) -> Iterator[IO[bytes]]:
    """A seekable, read-only view of what `url` holds.

    A server that ignores ranges sends the whole at the first question; it is then kept in a temporary file.

    Raises:
        requests.RequestException: the server cannot be reached, or answers with an error.
        OSError: a part is not what was asked for.
    """
    with session.get(url, headers=_PLAIN | {"Range": "bytes=0-0"}, stream=True) as answer:
        answer.raise_for_status()
        ranged = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code != requests.codes.partial_content or not ranged:
            with tempfile.TemporaryFile() as whole:
                shutil.copyfileobj(answer.raw, whole)
                whole.seek(0)
                yield whole
            return
    with io.BufferedReader(RangeFile(session, url, int(ranged[3])), _BUFFER) as view:
        yield cast(IO[bytes], view)


class RangeFile(io.RawIOBase):
    """A remote file of known size; every read is one request."""

    def __init__(self, session: requests.Session, url: str, size: int) -> None:
        self._session = session
        self._url = url
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position of the next read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; it may lie behind the end, as in a local file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("seek before the beginning of a remote file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with the bytes at the position; fewer at the end."""
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._size)
        if self._at >= end:
            return 0
        got = self._part(self._at, end)
        view[: len(got)] = got
        self._at += len(got)
        return len(got)

    def _part(self, start: int, end: int) -> bytes:
        answer = self._session.get(self._url, headers=_PLAIN | {"Range": f"bytes={start}-{end - 1}"}, stream=True)
        with answer:
            answer.raise_for_status()
            ranged = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if answer.status_code != requests.codes.partial_content or not ranged or int(ranged[1]) != start:
                raise OSError("the server stopped answering range requests")
            got = answer.raw.read(end - start)
        if len(got) != end - start:
            raise OSError("the server sent less than it promised")
        return cast(bytes, got)
