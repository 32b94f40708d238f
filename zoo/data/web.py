"""Fetching an input by URL, when asked for: public addresses only, bounded in size and time."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from zoo.data.inputs import Item
from zoo.errors import BadData, NetworkError, OfflineError, ZooError
from zoo.settings import flag

__all__ = ["fetch", "fetched", "with_content"]

MAX_BYTES = 100 * 2**20
TIMEOUT = 30.0


def fetch(url: str) -> bytes:
    """The content of an `https://` URL.

    Raises:
        BadData: another scheme, or larger than 100 MB.
        NetworkError: cannot be reached, answers with an error, or lies in a private network.
        OfflineError: `ZOO_OFFLINE` is set.
    """
    if flag("ZOO_OFFLINE"):
        raise OfflineError(f"offline, and {url} would have to be fetched", "Unset ZOO_OFFLINE, or give a local file.")
    import requests

    try:
        return _read(url)
    except requests.RequestException as error:
        raise NetworkError(f"{url} cannot be fetched: {error}") from error


def fetched(value: Any) -> Any:
    """The bytes of a URL, as of `fetch`; other values unchanged."""
    is_url = isinstance(value, str) and value.startswith(("http://", "https://"))
    return fetch(value) if is_url else value


def with_content(items: Iterable[Item]) -> Iterator[Item]:
    """URLs among inputs fetched, once each; one that cannot be is an input that fails in its turn."""
    for item in items:
        try:
            yield Item(item.name, fetched(item.value))
        except ZooError as error:
            yield Item(item.name, error)


def _read(url: str, hops: int = 5) -> bytes:
    import requests

    _check(url)
    with requests.get(url, stream=True, timeout=TIMEOUT, allow_redirects=False) as answer:
        if answer.is_redirect:
            if not hops:
                raise NetworkError(f"{url} redirects too often")
            return _read(requests.compat.urljoin(url, answer.headers["Location"]), hops - 1)
        if not answer.ok:
            raise NetworkError(f"{url} answered {answer.status_code} {answer.reason}")
        body = bytearray()
        for part in answer.iter_content(2**16):
            body += part
            if len(body) > MAX_BYTES:
                raise BadData(f"{url} is larger than {MAX_BYTES // 2**20} MB")
        return bytes(body)


def _check(url: str) -> None:
    """Refuse other schemes, and hosts that are this machine's own network: a URL in a data file must not reach it."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise BadData(f"{url} is not an https:// URL")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NetworkError(f"{parts.hostname} cannot be found: {error}") from error
    for *_, address in found:
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not _public(ip):
            raise NetworkError(f"{parts.hostname} is an address inside a private network", "Give a local file.")


def _public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Global, also when an IPv4 address is carried inside IPv6 (mapped, 6to4, NAT64), which `is_global` overlooks."""
    if isinstance(ip, ipaddress.IPv6Address):
        nat64 = ipaddress.IPv6Network("64:ff9b::/96")
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in nat64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global
    return ip.is_global
