"""HTTP as downloads need it: redirects that leak nothing, and answers turned into errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests

from zoo.errors import NetworkError, NotFound
from zoo.store.retry import Transient
from zoo.store.words import without_secrets

__all__ = ["ask", "check_status"]

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two pieces of an answer
_REDIRECTS = 10
_LONGEST_WAIT = 120.0
# All that another host than the asked one gets to see.
_HARMLESS = {"accept", "accept-encoding", "connection", "if-range", "range", "user-agent"}


def ask(session: requests.Session, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
    """Send one request and follow its redirects; the body is not read.

    Unlike requests' own following, no header but a harmless few is sent on to another host, and a redirect from https
    to plain http is refused.

    Raises:
        Transient: the connection failed.
        NetworkError: the certificate, the URL or a redirect is refused.
    """
    first = requests.Request(method, url, headers={"Accept-Encoding": "identity", **headers})
    try:
        request = session.prepare_request(first)
        for _ in range(_REDIRECTS):
            response = _send(session, request)
            target = session.get_redirect_target(response)
            if not target:
                return response
            response.close()
            request = _redirected(request, urljoin(str(request.url), target))
    except ValueError as error:
        # Of requests, urllib3 and urllib alike, for URLs that they cannot take apart.
        raise NetworkError(f"{without_secrets(url)} is malformed, or redirects to a malformed address") from error
    raise NetworkError(f"{without_secrets(url)} redirects more than {_REDIRECTS} times")


def _send(session: requests.Session, request: requests.PreparedRequest) -> requests.Response:
    url = str(request.url)
    settings = session.merge_environment_settings(url, {}, True, None, None)
    try:
        return session.send(request, timeout=_TIMEOUT, allow_redirects=False, **settings)
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise Transient(f"the secure connection broke: {error}") from error
        raise NetworkError(
            f"the certificate of {urlsplit(url).hostname} is not trusted",
            "Where a proxy replaces certificates, set REQUESTS_CA_BUNDLE to its certificate.",
        ) from error
    except requests.exceptions.ProxyError as error:
        raise Transient(f"the proxy cannot be reached or refuses: {_reason(error)}") from error
    except requests.ConnectionError as error:
        raise Transient(f"cannot connect to {urlsplit(url).hostname}: {_reason(error)}") from error
    except requests.Timeout as error:
        raise Transient(f"{urlsplit(url).hostname} does not answer") from error
    except requests.RequestException as error:
        if isinstance(error, ValueError):
            raise
        raise Transient(f"the connection broke: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """The innermost reason of a failed connection, without the layers of wrapping and the URL with its secrets."""
    inner = getattr(error.args[0], "reason", None) if error.args else None
    text = str(inner or error)
    return text.rpartition(": ")[2] or type(error).__name__


def _redirected(request: requests.PreparedRequest, url: str) -> requests.PreparedRequest:
    old, new = urlsplit(str(request.url)), urlsplit(url)
    shown = without_secrets(url)
    if new.scheme not in {"http", "https"} or not new.hostname:
        raise NetworkError(f"{old.hostname} redirects to {shown}, which is not a web address")
    if old.scheme == "https" and new.scheme == "http":
        raise NetworkError(f"{old.hostname} redirects from https to plain http: {shown}", "It was not followed.")
    made = request.copy()
    made.prepare_url(url, None)
    if (old.scheme, old.hostname, old.port) != (new.scheme, new.hostname, new.port):
        for name in [name for name in made.headers if name.lower() not in _HARMLESS]:
            del made.headers[name]
    return made


def check_status(response: requests.Response, what: str) -> None:
    """Return for 200, 206 and 416; raise what any other status means for the download of `what`.

    Raises:
        NotFound: 404 or 410.
        Transient: 408, 425, 429 or a server's failure.
        NetworkError: any other, or a wait of more than two minutes.
    """
    code = response.status_code
    if code in {200, 206, 416}:
        return
    if code in {404, 410}:
        raise NotFound(f"{what} does not exist at its origin (HTTP {code})", "Check the name and the version.")
    if code in {401, 403, 407}:
        raise NetworkError(
            f"{what}: access refused (HTTP {code})",
            "Log in where the origin asks for it (HF_TOKEN, ~/.netrc, pip's configuration), or accept its terms there.",
        )
    if code in {408, 425, 429} or code >= 500:
        wait = _retry_after(response.headers.get("Retry-After", ""))
        if wait > _LONGEST_WAIT:
            raise NetworkError(f"{what}: the server asks to come back in {wait:.0f} seconds (HTTP {code})")
        raise Transient(f"the server answers HTTP {code}", wait)
    raise NetworkError(f"{what}: the server answers HTTP {code}")


def _retry_after(value: str) -> float:
    """Seconds of a Retry-After header, which holds a number or a date; 0 for neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, then.timestamp() - datetime.now(UTC).timestamp())
