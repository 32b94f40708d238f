"""Real processes that are killed, interrupted and set against each other at many moments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import FAST, archive, make_card, safetensors, sha256, visible
from zoo.cards import ModelCard, Source
from zoo.store import MANIFEST, Store

PULLER = Path(__file__).with_name("puller.py")
FILES = {f"part{i}.safetensors": safetensors(60_000, seed=i) for i in range(3)}
MEMBER = safetensors(30_000, seed=7)
WHEEL = archive({"deep/w.safetensors": MEMBER})


class Puller:
    """Starts processes that pull `card` into `home`."""

    def __init__(self, home: Path, card: ModelCard, folder: Path) -> None:
        self.home = home
        self.card = card
        self._file = folder / "card.json"
        self._file.write_text(json.dumps(card.to_dict()))

    def start(self, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, str(PULLER), str(self.home), str(self._file), json.dumps(options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, **options: Any) -> str:
        """What it prints last."""
        with self.start(**options) as process:
            out, err = process.communicate(timeout=50)
        assert err == ""
        return out.strip().splitlines()[-1]

    def kill_after(self, condition: Callable[[], bool], number: int = signal.SIGKILL) -> str:
        """Send a signal as soon as `condition` holds; gives the output (of a process that may have ended before)."""
        with self.start() as process:
            assert process.stdout
            assert process.stdout.readline() == "started\n"
            while not condition() and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(number)
            out, err = process.communicate(timeout=20)  # less than the time limit of a read, which is 30 s
        assert err == ""
        return out


@pytest.fixture
def puller(server: FaultyServer, home: Path, tmp_path: Path) -> Puller:
    return Puller(home, card_of(server, pinned=True), tmp_path)


def card_of(server: FaultyServer, pinned: bool) -> ModelCard:
    slow = {"pause": 0.002, "chunk": 2000}
    files = {name: (server.add(name, content, **slow), content) for name, content in FILES.items()}
    wheel = server.add("net.whl", WHEEL, **slow)
    files["w.safetensors"] = (f"{wheel}#deep/w.safetensors", MEMBER)
    if not pinned:
        files = {name: (origin, None) for name, (origin, _) in files.items()}
    return make_card("acme/net", files, (Source(uri=wheel, sha256=sha256(WHEEL)),))


def check_complete(home: Path, revision: str) -> None:
    store = Store(home, offline=True)
    assert [m.revision for m in store.installed()] == [revision]
    assert store.verify("acme/net", revision) == []
    arrived = {f.path: f.sha256 for f in store.manifest("acme/net", revision).files}
    assert arrived == {n: sha256(c) for n, c in FILES.items()} | {"w.safetensors": sha256(MEMBER)}


def check_all_or_nothing(home: Path) -> None:
    """What another process sees now is nothing, or everything."""
    manifests = [path for path in visible(home) if path.name == MANIFEST]
    assert bool(manifests) == bool(visible(home))
    for path in manifests:
        assert Store(home).verify("acme/net", path.parent.name) == []


@pytest.mark.parametrize("pinned", [True, False])
def test_killed_at_many_moments(server: FaultyServer, home: Path, tmp_path: Path, pinned: bool) -> None:
    """One pull after another is killed a little further on; what they left is continued, and ends complete."""
    puller = Puller(home, card_of(server, pinned), tmp_path)
    total = sum(map(len, FILES.values())) + len(WHEEL)
    kills = 20
    for _ in range(kills):
        goal = server.sent + total // (kills + 1)
        puller.kill_after(lambda goal=goal: server.sent >= goal)
        check_all_or_nothing(home)
    check_complete(home, puller.run())
    # All that was sent twice is what a killed client had not yet written, and at most one answer in flight per file.
    assert server.sent < 3 * total
    assert any(r.range for r in server.gets())


def test_killed_at_every_step_of_the_last_second(server: FaultyServer, home: Path, tmp_path: Path) -> None:
    """A pull whose bytes are soon here is killed ever later, until it ends before the kill."""
    puller = Puller(home, card_of(server, pinned=False), tmp_path)
    for served in server.files.values():
        served.pause = 0
    complete = []
    for step in range(100):
        started = time.monotonic()
        out = puller.kill_after(lambda t=started, s=step: time.monotonic() - t > 0.008 * s)
        check_all_or_nothing(home)
        complete.append(any(Store(home).installed()))
        if out.strip():
            break
        if complete[-1]:
            Store(home).remove("acme/net")
    assert not complete[0]
    assert complete[-1]
    assert len(complete) > 10
    check_complete(home, puller.run())
    Store(home).collect(older_than=0)
    assert not list((home / "models" / "acme" / "net").glob(".*"))


def test_ctrl_c(server: FaultyServer, puller: Puller) -> None:
    out = puller.kill_after(lambda: server.sent > 50_000, signal.SIGINT)
    assert out.strip() == "interrupted"
    assert visible(puller.home) == []
    kept = sum(p.stat().st_size for p in (puller.home / "partial").rglob("*.safetensors"))
    assert kept > 20_000
    check_complete(puller.home, puller.run())


def test_ctrl_c_while_the_server_is_silent(server: FaultyServer, puller: Puller) -> None:
    """The threads that wait for bytes are woken, and do not wait for their time limit."""
    for name in FILES:
        server.files[f"/{name}"].pause = 600
    out = puller.kill_after(lambda: server.sent > 5000, signal.SIGINT)
    assert out.strip() == "interrupted"


def test_two_at_once(server: FaultyServer, puller: Puller) -> None:
    processes = [puller.start() for _ in range(3)]
    revisions = set()
    for process in processes:
        with process:
            out, err = process.communicate(timeout=50)
        assert (process.returncode, err) == (0, "")
        revisions.add(out.split()[-1])
    assert len(revisions) == 1
    check_complete(puller.home, revisions.pop())
    assert server.sent == sum(map(len, FILES.values())) + len(WHEEL)


def test_second_takes_over_from_a_killed_first(server: FaultyServer, puller: Puller) -> None:
    first = puller.start()
    while server.sent < 50_000:
        time.sleep(0.001)
    second = puller.start()
    time.sleep(0.3)
    first.kill()
    with first, second:
        out, _ = second.communicate(timeout=50)
    check_complete(puller.home, out.split()[-1])


def test_removing_while_pulling(server: FaultyServer, puller: Puller) -> None:
    """Blobs that a pull counts on vanish, and come back, and vanish again under it."""
    home = puller.home
    other = make_card("other", {n: (server.url(n), c) for n, c in list(FILES.items())[:2]})
    server.files["/part0.safetensors"].pause = server.files["/part1.safetensors"].pause = 0
    server.files["/part2.safetensors"].pause = 0.02
    store = Store(home, retries=FAST)
    store.pull(other)
    with puller.start() as process:
        while process.poll() is None:
            planned = bool(server.gets("part2"))
            if planned and any(m.model == "other" for m in store.installed()):
                store.remove("other")
                store.collect(older_than=0)
            time.sleep(0.001)
        out, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (0, ""), out
    check_complete(home, out.split()[-1])
    assert len(server.gets("part0")) == 2, "fetched for the other model, removed, fetched again"
    store.remove("acme/net")
    assert not list(store.garbage(older_than=0))


def test_offline_touches_no_socket(server: FaultyServer, puller: Puller) -> None:
    missing = puller.start(offline=True, no_sockets=True)
    with missing:
        out, err = missing.communicate(timeout=50)
    assert (missing.returncode, err) == (6, "")
    assert "OfflineError: offline, and part0.safetensors of acme/net" in out
    assert server.requests == []
    assert puller.run(no_sockets=True).startswith("a socket was touched"), "the guard is real"
    revision = puller.run()
    assert puller.run(offline=True, no_sockets=True) == revision


def test_file_size_limit(server: FaultyServer, puller: Puller) -> None:
    """A limit of the operating system, as a quota or a small disk is: clear refusal, continued later."""
    with puller.start(file_size=40_000) as process:
        out, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (7, "")
    assert "NoSpace" in out
    assert "kept" in out
    assert visible(puller.home) == []
    assert max(p.stat().st_size for p in (puller.home / "partial").rglob("*") if p.is_file()) == 40_000
    check_complete(puller.home, puller.run())


@pytest.fixture
def small_disk(tmp_path: Path):
    """A real file system of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if os.geteuid() == 0
        else None
    )
    if made is None or made.returncode:
        pytest.skip(f"cannot mount a small disk: {made.stderr.strip() if made else 'needs root'}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_little_space_is_seen_before(server: FaultyServer, small_disk: Path, tmp_path: Path) -> None:
    puller = Puller(small_disk / "home", card_of(server, pinned=True), tmp_path)
    with puller.start() as process:
        out, _ = process.communicate(timeout=50)
    assert process.returncode == 7
    assert "NoSpace: acme/net needs 2" in out
    assert "Free" in out
    assert server.gets() == []


def test_disk_that_fills_up(server: FaultyServer, small_disk: Path, tmp_path: Path) -> None:
    """The size is not known beforehand, so the disk fills while it downloads; room is made, and it goes on."""
    body = safetensors(150_000)
    url = server.add("big.safetensors", body)
    server.files["/big.safetensors"].head = 200
    ballast = small_disk / "ballast"
    puller = Puller(small_disk / "home", make_card("acme/net", {"m.safetensors": (url, body)}), tmp_path)

    def fill() -> bool:
        if server.sent < 1000:
            return False
        if not ballast.exists():
            try:
                ballast.write_bytes(bytes(100_000))
            except OSError:
                ballast.write_bytes(b"")
        return False

    server.files["/big.safetensors"].pause, server.files["/big.safetensors"].chunk = 0.02, 4000
    with puller.start() as process:
        while process.poll() is None:
            fill()
            time.sleep(0.001)
        out, err = process.communicate(timeout=50)
    assert err == ""
    assert "NoSpace" in out
    assert "is full" in out
    assert visible(small_disk / "home") == []
    ballast.unlink()
    revision = puller.run()
    assert Store(small_disk / "home").verify("acme/net", revision) == []
    assert server.gets()[-1].range is not None
