"""Redirects on a real server: what other hosts get to see, and where nobody is followed."""

from __future__ import annotations

import datetime
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests

from tests.store.faulty_server import FaultyServer
from tests.store.making import make_card, safetensors
from zoo.errors import NetworkError
from zoo.store import Store
from zoo.store.retry import Retries, Stop, Stopped, Transient, persist
from zoo.store.web import ask, check_status

BODY = safetensors(1000)
SECRETS = {"Authorization": "Bearer secret", "Private-Token": "secret", "X-Anything": "secret"}


def redirect(target: str, status: int = 302) -> dict:
    return {"status": status, "headers": {"Location": target}}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers["X-Session"] = "secret"
        made.auth = ("user", "secret")
        yield made


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_header_goes_to_another_host(server: FaultyServer, session: requests.Session, status: int) -> None:
    server.add("w", BODY)
    start = server.add("start", b"", redirect(server.url("w", host="localhost"), status))
    with ask(session, "GET", start, {**SECRETS, "Range": "bytes=5-"}) as response:
        assert response.content == BODY[5:]
    first, second = server.gets()
    assert first.headers["authorization"] == "Bearer secret" or first.headers["authorization"].startswith("Basic")
    assert first.headers["private-token"] == first.headers["x-session"] == "secret"
    assert second.host.startswith("localhost")
    assert not [name for name, value in second.headers.items() if "secret" in value or name == "authorization"]
    assert second.range == "bytes=5-"


def test_cookies_stay_at_home(server: FaultyServer, session: requests.Session) -> None:
    server.add("w", BODY)
    start = server.add("start", b"", redirect(server.url("w", host="localhost")))
    server.files["/start"].faults[0]["headers"]["Set-Cookie"] = "id=secret; Path=/"
    ask(session, "GET", start, {}).close()
    assert "cookie" not in server.gets()[1].headers


def test_headers_go_on_within_the_host(server: FaultyServer, session: requests.Session) -> None:
    server.add("w", BODY)
    start = server.add("start", b"", redirect("/w"))
    with ask(session, "GET", start, SECRETS) as response:
        assert response.content == BODY
    assert server.gets()[1].headers["private-token"] == "secret"


def test_through_a_pull(server: FaultyServer, store: Store, read) -> None:
    server.add("w", BODY)
    hop = redirect(server.url("w", host="localhost"))
    start = server.add("start.safetensors", BODY, {"cut": 100}, hop, hop)
    server.files["/w"].faults = [{"cut": 100}]
    assert read(store.pull(make_card("net", {"m.safetensors": (start, BODY)})), "m.safetensors") == BODY


def test_endless_redirects(server: FaultyServer, session: requests.Session) -> None:
    start = server.add("start", b"", *[redirect("/start")] * 50)
    with pytest.raises(NetworkError, match="redirects more than"):
        ask(session, "GET", start, {})


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://host/x", "gopher://host", "http://host:bad/", "http://[::1"]
)
def test_redirects_to_no_web_address(server: FaultyServer, session: requests.Session, target: str) -> None:
    start = server.add("start", b"", redirect(target))
    with pytest.raises(NetworkError, match=r"not a web address|malformed address"):
        ask(session, "GET", start, {})


class _ToPlain(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://localhost:1/w?token=secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A real https server with a certificate of its own; its port and the certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the command openssl, which makes the certificate, is not here")
    pem = tmp_path / "server.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([openssl, *made.split(), "-keyout", pem, "-out", tmp_path / "c"], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + (tmp_path / "c").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ToPlain) as running:
        running.handle_error = lambda *_: None  # type: ignore[method-assign]
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running.server_port, pem
        running.shutdown()
        thread.join()


def test_no_downgrade_from_https(secure: tuple[int, Path]) -> None:
    port, pem = secure
    with requests.Session() as session, pytest.raises(NetworkError, match="from https to plain http") as caught:
        session.trust_env, session.verify = False, str(pem)
        ask(session, "GET", f"https://localhost:{port}/w", {})
    assert "secret" not in str(caught.value)


def test_untrusted_certificate(secure: tuple[int, Path]) -> None:
    with requests.Session() as session, pytest.raises(NetworkError, match="certificate of localhost") as caught:
        session.trust_env = False
        ask(session, "GET", f"https://localhost:{secure[0]}/w", {})
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy


def test_retry_after_as_a_date(server: FaultyServer, session: requests.Session) -> None:
    later = format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60), usegmt=True)
    url = server.add("w", BODY, {"status": 503, "headers": {"Retry-After": later}})
    with ask(session, "GET", url, {}) as response, pytest.raises(Transient) as caught:
        check_status(response, "w")
    assert 50 < caught.value.wait <= 60


def test_waits_grow_and_end() -> None:
    retries = Retries(base=1, longest=8)
    for failures, most in [(1, 1), (2, 2), (3, 4), (4, 8), (50, 8)]:
        assert most / 2 <= retries.delay(failures) <= most


def test_progress_earns_new_tries() -> None:
    reached = iter([0, *range(10, 100, 10)])
    now = [0]

    def attempt() -> str:
        now[0] = next(reached)
        if now[0] < 90:
            raise Transient("broke")
        return "done"

    quick = Retries(tries=2, base=0)
    assert persist(attempt, what="x", retries=quick, stop=Stop(), progress=lambda: now[0]) == "done"


def test_stop_ends_a_wait() -> None:
    stop = Stop()
    stop.set()

    def attempt() -> None:
        raise Transient("broke", wait=60)

    with pytest.raises(Stopped):
        persist(attempt, what="x", retries=Retries(), stop=stop)
