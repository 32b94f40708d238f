"""A real local web server that breaks in the ways in which real ones do."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """One file on the server, and what goes wrong with it.

    Each fault is used for one GET, in order; after the last everything is well.
    """

    content: bytes
    etag: str | None = '"v1"'
    head: int = 200
    pause: float = 0.0
    chunk: int = 16384
    hold: Callable[[], object] | None = None  # called before the first byte of a GET's answer
    faults: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    host: str
    headers: dict[str, str]
    status: int = 0

    @property
    def range(self) -> str | None:
        return self.headers.get("range")


class FaultyServer:
    """Files by path; `requests` records what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.requests: list[Request] = []
        self.sent = 0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that hang up are the point
        self.port = self._http.server_port

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    def add(self, path: str, content: bytes, *faults: dict[str, Any], **more: Any) -> str:
        self.files[f"/{path}"] = Served(content, faults=list(faults), **more)
        return self.url(path)

    def gets(self, path: str = "") -> list[Request]:
        return [r for r in self.requests if r.method == "GET" and r.path.startswith(f"/{path}")]

    @contextmanager
    def running(self) -> Iterator[FaultyServer]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        served = self._served()
        if served is None:
            return
        self.send_response(served.head)
        self.send_header("Content-Length", str(len(served.content)) if served.head == 200 else "0")
        if served.etag:
            self.send_header("ETag", served.etag)
        self.end_headers()

    def do_GET(self) -> None:
        served = self._served()
        if served is None:
            return
        if served.hold:
            served.hold()
        probe = self.headers.get("Range") == "bytes=0-0"
        with self.owner.lock:
            fault = served.faults.pop(0) if served.faults and not probe else {}
        if "status" in fault:
            self._plain(fault["status"], fault.get("headers", {}))
        else:
            self._serve(served, fault)

    def _served(self) -> Served | None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.owner.lock:
            self.owner.requests.append(Request(self.command, self.path, headers.get("host", ""), headers))
        served = self.owner.files.get(self.path)
        if served is None:
            self._plain(404, {})
        return served

    def _plain(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _serve(self, served: Served, fault: dict[str, Any]) -> None:
        if "content" in fault:  # the file changes now
            served.content, served.etag = fault["content"], fault.get("etag", served.etag)
        content = served.content
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        condition = self.headers.get("If-Range")
        if (
            not asked
            or fault.get("ignore_range")
            or (condition and condition != served.etag and not fault.get("ignore_if_range"))
        ):
            self.send_response(200)
            body = content
        elif start >= len(content):
            self._plain(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        else:
            last = min(int(asked[2]), len(content) - 1) if asked[2] else len(content) - 1
            self.send_response(206)
            body = content[start : last + 1]
            spelled = fault.get("content_range", "bytes {}-{}/{}").format(start, last, len(content))
            self.send_header("Content-Range", spelled)
        if served.etag and not fault.get("no_etag"):
            self.send_header("ETag", served.etag)
        for name, value in fault.get("headers", {}).items():
            self.send_header(name, value)
        self._body(served, fault, body)

    def _body(self, served: Served, fault: dict[str, Any], body: bytes) -> None:
        declared = len(body) + fault.get("declare", 0)
        body += fault.get("extra", b"")
        if fault.get("chunked"):
            self.send_header("Transfer-Encoding", "chunked")
        elif fault.get("no_length"):
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(declared))
        self.end_headers()
        cut = fault.get("cut")
        self._send(body if cut is None else body[:cut], served, chunked=bool(fault.get("chunked")))
        if cut is not None or fault.get("declare"):
            self._hang_up()
        elif fault.get("chunked"):
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, body: bytes, served: Served, *, chunked: bool) -> None:
        for at in range(0, len(body), served.chunk):
            piece = body[at : at + served.chunk]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            with self.owner.lock:
                self.owner.sent += len(piece)
            if served.pause:
                time.sleep(served.pause)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
