"""A `requests` session that reaches a package index as pip would."""

from __future__ import annotations

import io
import mimetypes
import ssl
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.exceptions import InvalidSchema
from requests.models import PreparedRequest, Response
from requests.utils import get_auth_from_url, get_netrc_auth
from urllib3 import Retry
from urllib3.exceptions import InsecureRequestWarning

from zoo.store.sources.pipconfig import PipConfig

__all__ = ["PipSession", "local_path", "pip_session", "without_credentials"]

Origin = tuple[str, str, int | None]


class PipSession(requests.Session):
    """Sends every request with the configured timeout and certificates, unless the request brings its own."""

    def __init__(self, *, timeout: float | None, cert: str | None) -> None:
        super().__init__()
        self._timeout = timeout
        self._bundle = cert

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Like requests', but pip's certificates go before `REQUESTS_CA_BUNDLE`."""
        verify = self._bundle if verify is None and self._bundle is not None else verify
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Like requests', with the configured timeout where the caller gives none."""
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        return super().send(request, **kwargs)

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        """Called for each redirect that is followed: it must not lead from a server to a file of this machine."""
        if urlsplit(prepared_request.url or "").scheme not in {"http", "https"}:
            raise InvalidSchema(f"{without_credentials(response.url)} redirects to {prepared_request.url}")
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]


class _IndexAuth(AuthBase):
    """Credentials of index URLs for requests to exactly their origins; `.netrc` for all others."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._known = {_origin(url): get_auth_from_url(url) for url in urls if "@" in urlsplit(url).netloc}

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        url = r.url or ""
        found = self._known.get(_origin(url)) or get_netrc_auth(url)
        return HTTPBasicAuth(*found)(r) if found else r


class _HttpAdapter(HTTPAdapter):
    """Trusts the system's certificate authorities as well as certifi's, as pip does."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("ssl_context", ssl.create_default_context())
        return super().proxy_manager_for(*args, **kwargs)


class _TrustedAdapter(HTTPAdapter):
    """Checks no certificates: for the hosts that the user told pip to trust."""

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, False, cert)  # type: ignore[no-untyped-call]

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        return super().build_connection_pool_key_attributes(request, False, cert)


class _FileAdapter(BaseAdapter):
    """Answers `file:` URLs: a file's bytes, or the `index.html` of a folder; 404 where there is none."""

    def send(  # noqa: PLR0917 - requests' own signature
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        path = local_path(request.url or "")
        path = path / "index.html" if path.is_dir() else path
        made = Response()
        made.request, made.url = request, request.url or ""
        try:
            body = path.read_bytes()
        except OSError as error:
            made.status_code, made.reason, body = 404, str(error), b""
        else:
            made.status_code = 200
            made.headers["Content-Type"] = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        made.raw = io.BytesIO(body)
        return made

    def close(self) -> None:
        """Hold nothing open."""


def pip_session(config: PipConfig) -> PipSession:
    """A session with pip's proxy, certificates, trusted hosts, timeout, retries and index credentials.

    An explicit proxy switches off the environment's proxies, as in pip.
    """
    made = PipSession(timeout=config.timeout or None, cert=config.cert)
    made.cert = config.client_cert
    urls = (url for url in (config.index_url, *config.extra_index_urls, *config.find_links) if url)
    made.auth = _IndexAuth(urls)
    if config.proxy:
        made.proxies = {"http": config.proxy, "https": config.proxy}
        made.trust_env = False
    retries = Retry(total=config.retries, status_forcelist=[500, 502, 503, 520, 527], backoff_factor=0.25)
    made.mount("https://", _HttpAdapter(max_retries=retries))
    made.mount("http://", HTTPAdapter(max_retries=retries))
    made.mount("file://", _FileAdapter())
    _trust(made, config.trusted_hosts, retries)
    return made


def _trust(session: requests.Session, hosts: Iterable[str], retries: Retry) -> None:
    for host in hosts:
        # the user asked for exactly this; pip is silent about it too
        warnings.filterwarnings("ignore", category=InsecureRequestWarning)
        adapter = _TrustedAdapter(max_retries=retries)
        port = urlsplit(f"//{host}").port
        session.mount(f"https://{host}/", adapter)
        if port is None:
            session.mount(f"https://{host}:", adapter)


def local_path(url: str) -> Path:
    """The path that a `file:` URL means."""
    parts = urlsplit(url)
    return Path(url2pathname((f"//{parts.netloc}" if parts.netloc not in {"", "localhost"} else "") + parts.path))


def without_credentials(url: str) -> str:
    """A URL without user name and password: for messages, records and requests."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
