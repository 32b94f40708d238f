"""`https:` origins: one file on a web server, or members of one zip archive there."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zoo.cards import WeightFile, check_file_path
from zoo.errors import BadCard, BadInput
from zoo.store.sources.base import Listing, Remote, member_of, refuse_offline

if TYPE_CHECKING:
    import requests

__all__ = ["WebReader"]

# Answers of servers that know GET only, or sign their URLs for it.
_NO_HEAD = {400, 403, 405, 501}


class WebReader:
    """Reads `https://host/file` and `https://host/archive.zip#member`; plain `http` from this machine only."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline
        self._session: requests.Session | None = None
        self._seen: dict[str, tuple[int | None, str | None]] = {}

    def session(self) -> requests.Session:
        """One session, with the proxies, certificates and `~/.netrc` that the environment configures."""
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.headers["User-Agent"] = "zoo-registry"
        return self._session

    def locate(self, uri: str) -> Remote:
        """Size and entity tag, as the server states them now; nothing is downloaded."""
        url, member = member_of(uri)
        check_url(url)
        if self._offline:
            raise refuse_offline(url)
        if url not in self._seen:
            self._seen[url] = self._look(url)
        size, etag = self._seen[url]
        return Remote(uri=url, url=url, size=size, etag=etag, member=None if member is None else unquote(member))

    def listing(self, uri: str) -> Listing:
        """The one file that the URL names."""
        check_url(uri)
        name = unquote(urlsplit(uri).path).rpartition("/")[2]
        try:
            check_file_path(name)
        except BadCard as error:
            raise BadInput(f"{uri} does not end with a plain file name") from error
        return Listing(uri=uri, files=(WeightFile(path=name, origin=(uri,)),))

    def _look(self, url: str) -> tuple[int | None, str | None]:
        from zoo.store.retry import Retries, Stop, persist

        return persist(lambda: self._look_once(url), what=url, retries=Retries(tries=3), stop=Stop())

    def _look_once(self, url: str) -> tuple[int | None, str | None]:
        from zoo.store.web import ask, check_status

        with ask(self.session(), "HEAD", url, {}) as response:
            if response.status_code not in _NO_HEAD:
                check_status(response, url)
                return _size(response), response.headers.get("ETag")
        with ask(self.session(), "GET", url, {"Range": "bytes=0-0"}) as response:
            check_status(response, url)
            return _size(response), response.headers.get("ETag")


def _size(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    if response.status_code in {206, 416}:
        text = response.headers.get("Content-Range", "").rpartition("/")[2]
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return int(text) if text.isdecimal() and not encoded else None


def check_url(url: str) -> None:
    """Raise `BadInput` for a URL that is malformed, holds a credential, or is plain http to another machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise BadInput(f"the URL {url!r} is malformed: {error}") from error
    if not host or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise BadInput(f"the URL {url!r} is malformed", "Write `https://host/path`.")
    if parts.username is not None or parts.password is not None:
        raise BadInput(
            f"the URL of {host} holds a user name or password, which would be recorded",
            "Put them into ~/.netrc and leave them out of the URL.",
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise BadInput(f"plain http to {host} is refused: anybody on the way can change the bytes", "Use https.")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
