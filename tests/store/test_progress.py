"""Progress: what is reported adds up, and a terminal is left as it was."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import make_card, safetensors
from zoo.errors import NetworkError
from zoo.store import SilentProgress, Store, terminal_progress

BODY = safetensors(100_000)
SCRIPT = """
import sys
from pathlib import Path
from zoo.cards import ModelCard, WeightFile
from zoo.store import Store, terminal_progress
card = ModelCard(id="acme/net", task="image-classification", library="zoo", loader="x", architecture="x",
                 files=(WeightFile(path="m.safetensors", origin=(sys.argv[2],)),))
try:
    Store(Path(sys.argv[1])).pull(card, progress=terminal_progress())
    print("pulled")
except KeyboardInterrupt:
    print("interrupted")
"""


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.here = 0
        self._lock = threading.Lock()

    def start(self, total: int | None, what: str) -> None:
        self.calls.append(("start", total, what))

    def advance(self, count: int) -> None:
        with self._lock:
            self.here += count

    def message(self, text: str) -> None:
        self.calls.append(("message", text))

    def done(self) -> None:
        self.calls.append(("done",))


@pytest.mark.parametrize("fault", [{}, {"cut": 70_000}, {"cut": 70_000, "no_etag": True}])
def test_it_adds_up(server: FaultyServer, store: Store, fault: dict) -> None:
    files = {"a.safetensors": (server.add("a", BODY, fault), None), "b.json": (server.add("b", b"{}"), None)}
    told = Recorder()
    store.pull(make_card("net", files), progress=told)
    assert told.here == len(BODY) + 2
    assert told.calls == [("start", len(BODY) + 2, "net"), ("done",)]


def test_continued_bytes_count_from_the_start(server: FaultyServer, store: Store) -> None:
    card = make_card("net", {"a.safetensors": (server.add("a", BODY, {"cut": 70_000}, *[{"status": 500}] * 3), None)})
    first = Recorder()
    with pytest.raises(NetworkError):
        store.pull(card, progress=first)
    assert (first.here, first.calls[-1]) == (70_000, ("done",))
    second = Recorder()
    store.pull(card, progress=second)
    assert second.here == len(BODY)


def test_unknown_total(server: FaultyServer, store: Store) -> None:
    card = make_card("net", {"a.safetensors": (server.add("a", BODY), None)})
    plan = store.plan(card)
    download = plan.downloads[0]
    unsized = type(plan)(**{**vars(plan), "downloads": (type(download)(**{**vars(download), "size": None}),)})
    assert unsized.unknown == 1
    told = Recorder()
    store.pull(card, plan=unsized, progress=told)
    assert told.calls[0] == ("start", None, "net")


def test_silent_without_a_terminal() -> None:
    assert isinstance(terminal_progress(), SilentProgress) or sys.stderr.isatty()


def in_terminal(home: Path, url: str, interrupt) -> tuple[str, str]:
    """Standard output, and what a real (pseudo) terminal got as standard error."""
    leader, follower = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-c", SCRIPT, str(home), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, env=env, text=True) as process:
        os.close(follower)
        shown = bytearray()
        while True:
            try:
                piece = os.read(leader, 4096)
            except OSError:  # Linux: the other end is closed
                break
            if not piece:
                break
            shown += piece
            if interrupt(bytes(shown)):
                process.send_signal(signal.SIGINT)
                interrupt = lambda _: False  # noqa: E731
        out, _ = process.communicate(timeout=30)
    os.close(leader)
    return out, shown.decode()


def test_bar(server: FaultyServer, home: Path) -> None:
    url = server.add("m.safetensors", BODY, pause=0.03, chunk=4000)
    out, shown = in_terminal(home, url, lambda _: False)
    assert out == "pulled\n"
    assert "acme/net" in shown
    assert "kB" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is shown again"


def test_ctrl_c_restores_the_terminal(server: FaultyServer, home: Path) -> None:
    url = server.add("m.safetensors", BODY, pause=0.03, chunk=2000)
    out, shown = in_terminal(home, url, lambda shown: b"acme/net" in shown)
    assert out == "interrupted\n", shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "Traceback" not in shown
